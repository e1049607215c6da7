"""Numbers that follow the posts: trend buckets, the spikes in them, and whether channels are well or quiet."""

from monitor.brands.services import claim_examinations
from monitor.inbox import services as inbox
from monitor.trends import alarms
from monitor.trends import services as trends
from workers.app import app


@app.task(name="workers.watch.fold_trends")
def fold_trends() -> None:
    trends.fold_all()
    alarms.watch_spikes()


@app.task(name="workers.watch.examine_channels")
def examine_channels() -> None:
    """Channels whose hour is over, and those that somebody has just connected, or that were just refused something."""
    for channel_id in claim_examinations(limit=20):
        inbox.examine_channel(channel_id=channel_id)


@app.task(name="workers.watch.watch_silence")
def watch_silence() -> None:
    """Platforms that push nothing any more, and channels that are quieter than they ever are. Asks no platform."""
    inbox.watch_push()
    inbox.watch_quiet()
