"""Workers that are killed while they renew a sign-in: real processes, real signals."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import pytest
from django.conf import settings as configured
from django.db import connection

from monitor.brands.models import Channel
from monitor.brands.services import open_connector
from monitor.platforms.errors import AuthExpiredError
from monitor.platforms.signing import SIMULATED_CLIENT_ID, SIMULATED_CLIENT_SECRET
from tests.brands.test_refresh import age, channel, refreshes, stored
from tests.support.simulated import Simulated

__all__ = ["channel"]
pytestmark = pytest.mark.django_db(transaction=True)

_WORKER = """
import django
django.setup()
from monitor.brands.models import Channel
from monitor.brands.services import open_connector
print("ready", flush=True)
open_connector(Channel.objects.get(pk={pk})).check()
print("done", flush=True)
"""


def start_worker(channel_id: int) -> Any:
    known = connection.settings_dict
    host = known["HOST"]
    address = (
        f"postgresql://{known['USER']}:{known['PASSWORD']}@/{known['NAME']}?host={host}&port={known['PORT'] or 5432}"
    )
    environment = {
        **os.environ,
        "DATABASE_URL": address,
        "DJANGO_SETTINGS_MODULE": "monitor.settings",
        "MENTIONDESK_CREDENTIAL_KEYS": ",".join(configured.CREDENTIAL_KEYS),
        "MENTIONDESK_SECRET_KEY": configured.SECRET_KEY,
        "MENTIONDESK_X_CLIENT_ID": SIMULATED_CLIENT_ID,
        "MENTIONDESK_X_CLIENT_SECRET": SIMULATED_CLIENT_SECRET,
    }
    worker = subprocess.Popen(
        [sys.executable, "-c", _WORKER.format(pk=channel_id)], env=environment, stdout=subprocess.PIPE, text=True
    )
    assert worker.stdout is not None and worker.stdout.readline() == "ready\n"
    return worker


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.01)
    assert condition()


def kill(worker: Any) -> None:
    worker.send_signal(signal.SIGKILL)
    worker.wait(timeout=30)
    worker.stdout.close()


def test_a_worker_killed_between_answer_and_use_leaves_the_channel_usable(
    channel: Channel, simulated: Simulated
) -> None:
    before = stored(age(channel, -1))
    simulated.add_fault("slow", "/2/users/me", seconds=30)
    worker = start_worker(channel.pk)
    wait_for(lambda: stored(channel)["refresh_token"] != before["refresh_token"])
    kill(worker)
    simulated.world.faults.clear()
    assert open_connector(Channel.objects.get(pk=channel.pk)).check() == []
    assert refreshes(simulated) == 1


def test_a_worker_killed_before_the_answer_holds_up_nobody_and_is_looked_at_once(
    channel: Channel, simulated: Simulated
) -> None:
    """The platform has carried it out; nobody has the new token. Its lock dies with the worker."""
    age(channel, -1)
    simulated.add_fault("late", "/2/oauth2/token", seconds=20)
    worker = start_worker(channel.pk)
    wait_for(lambda: refreshes(simulated) == 1)
    kill(worker)
    assert Channel.objects.get(pk=channel.pk).open_renewals == 1
    with pytest.raises(AuthExpiredError) as refused:
        open_connector(Channel.objects.get(pk=channel.pk)).check()
    assert refused.value.code == "renewal_lost" and refreshes(simulated) == 2


def test_two_processes_at_once_make_one_refresh(channel: Channel, simulated: Simulated) -> None:
    """Rule 12 of the connector contract, with real workers."""
    age(channel, -1)
    simulated.add_fault("slow", "/2/oauth2/token", seconds=0.5)
    workers = [start_worker(channel.pk) for _number in range(2)]
    for worker in workers:
        assert worker.stdout.read() == "done\n" and worker.wait(timeout=60) == 0
        worker.stdout.close()
    assert refreshes(simulated) == 1
