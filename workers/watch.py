"""Numbers that follow the posts: trend buckets, and the spikes in them."""

from monitor.trends import alarms
from monitor.trends import services as trends
from workers.app import app


@app.task(name="workers.watch.fold_trends")
def fold_trends() -> None:
    trends.fold_all()
    alarms.watch_spikes()
