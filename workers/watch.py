"""Numbers that follow the posts: trend buckets now; spikes and alerts of silence stand here later."""

from monitor.trends import services as trends
from workers.app import app


@app.task(name="workers.watch.fold_trends")
def fold_trends() -> None:
    trends.fold()
