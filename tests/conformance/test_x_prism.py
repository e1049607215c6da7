"""Our requests and the fake X's answers both pass X's own specification, checked by Prism's validating proxy.

Refusals are left out: Prism holds `application/problem+json` to the schema of the other media type of the same answer.

Needs npm. MENTIONDESK_PRISM names a folder where @stoplight/prism-cli is installed; else build/prism is made.
"""

import json
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
import requests

from monitor.platforms.base import ChannelContext, SendRequest
from monitor.platforms.budget import NullBudget
from monitor.platforms.errors import MalformedPayloadError, PlatformError
from monitor.platforms.x import PLATFORM
from monitor.platforms.x.connector import XConnector
from monitor.simulators.world import World
from monitor.simulators.x_push_api import APP_TOKEN
from tests.support.lacking import skip_for_lack_of
from tests.support.listening import listening_desk
from tests.support.simulated import Simulated, simulated_platforms

pytestmark = pytest.mark.conformance

# Of random answers, to each call.
ROUNDS = 200 if os.environ.get("BUDGET") == "full" else 10
PACKAGE = "@stoplight/prism-cli@5.16.0"


@pytest.fixture(scope="module")
def prism() -> Path:
    folder = Path(os.environ.get("MENTIONDESK_PRISM") or Path(__file__).parents[2] / "build" / "prism")
    program = folder / "node_modules" / ".bin" / "prism"
    if not program.exists():
        npm = shutil.which("npm")
        if npm is None:
            skip_for_lack_of("npm is not here: Prism cannot be installed.")
        folder.mkdir(parents=True, exist_ok=True)
        command = [npm, "install", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix", str(folder), PACKAGE]
        if subprocess.run(command, capture_output=True, timeout=300, check=False).returncode != 0:
            skip_for_lack_of("npm could not install Prism.")
    return program


@pytest.fixture(scope="module")
def running() -> Iterator[Simulated]:
    with simulated_platforms(World(limit_scale=100)) as simulated:
        yield simulated


@pytest.fixture(scope="module")
def checked(prism, running, platform_data, tmp_path_factory) -> Iterator[tuple[ChannelContext, Path]]:
    """The channel behind the proxy. A signature would cover the proxy's address, so it uses a bearer token."""
    log = tmp_path_factory.mktemp("prism") / "log"
    with _prism(prism, log, platform_data, "proxy", "--errors", behind=running.address + "/x") as address:
        yield _pointed(running, address), log


@pytest.fixture(scope="module")
def random_answers(prism, running, platform_data, tmp_path_factory) -> Iterator[ChannelContext]:
    """A stand-in that answers whatever the specification allows, by chance."""
    log = tmp_path_factory.mktemp("prism-random") / "log"
    with _prism(prism, log, platform_data, "mock", "--dynamic", "--seed", "42") as address:
        yield _pointed(running, address)


def _pointed(running: Simulated, address: str) -> ChannelContext:
    context = running.context("x")
    return replace(context, api_url=address, credentials={"bearer_token": context.credentials["access_token"]})


@contextmanager
def _prism(program: Path, log: Path, platform_data: Path, *words: str, behind: str = "") -> Iterator[str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    specification = platform_data / "x-openapi" / "x-openapi-2.166-prism.json"
    command = [str(program), *words, "-h", "127.0.0.1", "-p", str(port), str(specification)]
    with log.open("wb") as output:
        started = subprocess.Popen(
            [*command, *([behind] if behind else [])], stdout=output, stderr=output, start_new_session=True
        )
    try:
        _wait_for(port, started)
        yield f"http://127.0.0.1:{port}"
    finally:
        os.killpg(started.pid, signal.SIGTERM)
        started.wait(timeout=10)


def _wait_for(port, proxy):
    """Listening is not enough: the first request makes Prism compile the specification."""
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and proxy.poll() is None:
        try:
            requests.get(f"http://127.0.0.1:{port}/2/users/me", timeout=120)
        except requests.ConnectionError:
            time.sleep(0.2)
        else:
            return
    raise AssertionError("Prism did not start")


@pytest.fixture
def connector(checked, running):
    return XConnector(checked[0], NullBudget(), now=running.world.now)


def test_every_list_is_read_through_the_specification(connector, running):
    parent = running.person_says("x", "@lumora see https://lumora.example/a")
    running.person_says("x", "@lumora " + "long & wide " * 40, handle="tom", parent_id=parent.identifier)
    running.person_writes("x", "hello?")
    ours = running.world.publish("x", running.world.brands["x"], "Market week")
    running.person_says("x", "hm, @lumora", handle="eva", quoted_id=ours.identifier)
    for stream in connector.streams():
        assert connector.collect(stream, {}).updates, stream
    assert connector.check() == []
    assert len(connector.recheck([parent.identifier, "5"])) == 2


def test_a_search_is_read_through_the_specification(checked, running):
    running.person_says("x", "lumora again late")
    context = replace(checked[0], kind="search", query="lumora -from:lumora -is:retweet")
    search = XConnector(context, NullBudget(), now=running.world.now)
    assert search.collect("search", {}).updates
    assert search.check() == []


def test_every_write_passes_the_specification(connector, running):
    mention = running.person_says("x", "@lumora answer me", handle="ida")
    incoming = running.person_writes("x", "hello?", handle="ida")
    receipt = connector.send(SendRequest("reply", "Here we are", target_id=mention.identifier))
    connector.send(SendRequest("direct_message", "Hi Ida", recipient_id=incoming.sender.external_id))
    conversation = f"{incoming.sender.external_id}-{connector._context.external_id}"
    connector.send(SendRequest("direct_message", "Hi again", conversation_id=conversation))
    under_ours = running.world.publish("x", running.world.brands["x"], "Ours")
    spam = running.person_says("x", "pills", handle="bot", parent_id=under_ours.identifier)
    connector.send(SendRequest("hide", target_id=spam.identifier))
    asked = SendRequest("direct_message", "Hi Ida", recipient_id=incoming.sender.external_id)
    assert connector.read_back(asked, since=incoming.created_at)
    connector.send(SendRequest("delete", target_id=receipt.external_id))


def test_webhooks_subscriptions_and_use_pass_the_specification(checked, running):
    """What the desk asks for so that X pushes, and what it looks at of its use."""

    def ask(method, path, **body):
        of_app = path.startswith(("/2/webhooks", "/2/usage", "/2/activity/subscriptions/"))
        token = APP_TOKEN if of_app else checked[0].credentials["bearer_token"]
        headers = {"Authorization": f"Bearer {token}"}
        answer = requests.request(method, checked[0].api_url + path, json=body or None, headers=headers, timeout=30)
        assert answer.status_code == 200, (method, path, answer.status_code, answer.text[:500])
        return answer.json()

    us = checked[0].external_id
    with listening_desk() as desk:
        made = ask("POST", "/2/webhooks", url=f"{desk.address}/x/")
        assert ask("GET", "/2/webhooks")["data"] == [made]
        ask("PUT", f"/2/webhooks/{made['id']}")
        kept = [
            ask("POST", "/2/activity/subscriptions", event_type=name, filter={"user_id": us}, webhook_id=made["id"])
            for name in ("post.mention.create", "dm.received", "dm.sent", "post.delete")
        ]
        assert len(ask("GET", "/2/activity/subscriptions")["data"]) == 4
        ask("DELETE", f"/2/activity/subscriptions/{kept[0]['data']['subscription']['subscription_id']}")
        ask("GET", "/2/usage/tweets")
        span = {"from_date": "202601010000", "to_date": "202601020000"}
        ask("POST", "/2/webhooks/replay", webhook_id=made["id"], **span)
        ask("DELETE", f"/2/webhooks/{made['id']}")


def test_random_answers_end_in_events_or_in_an_error_that_we_know(random_answers):
    """Every list and every write, against bodies that nobody thought of."""
    connector = XConnector(random_answers, NullBudget())
    search = XConnector(replace(random_answers, kind="search", query="lumora"), NullBudget())
    writes = [
        SendRequest("reply", "Here we are", target_id="1924465506158878979"),
        SendRequest("direct_message", "Hi", recipient_id="2244994945"),
        SendRequest("hide", target_id="1924465506158878979"),
        SendRequest("delete", target_id="1924465506158878979"),
    ]
    calls = [
        *(partial(_read, connector, stream) for stream in connector.streams()),
        partial(_read, search, "search"),
        *(partial(connector.send, write) for write in writes),
        partial(connector.recheck, ["1924465506158878979", "5"]),
        connector.check,
    ]
    answered = 0
    for number in range(ROUNDS * len(calls)):
        try:
            calls[number % len(calls)]()
            answered += 1
        except PlatformError:
            continue
    assert answered >= ROUNDS


def _read(connector, stream):
    batch = connector.collect(stream, {})
    for update in batch.updates:
        try:
            PLATFORM.normalize(update, connector._context)
        except MalformedPayloadError:
            continue
    json.dumps(batch.cursor)


def test_prism_saw_no_violation(checked, connector):
    connector.check()
    text = checked[1].read_text(errors="replace")
    assert "violation" not in text.casefold(), text[-3000:]
