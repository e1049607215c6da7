import socket
import subprocess
import sys
import time

import pytest
import requests


def world(simulated, method, name, **body):
    return requests.request(method, f"{simulated.address}/_world/{name}", json=body or None, timeout=5)


def test_a_post_put_in_from_outside_can_be_collected_and_its_answer_read(simulated):
    made = world(simulated, "POST", "posts", platform="x", author={"handle": "mara"}, text="@lumora hello").json()["id"]
    batch = simulated.connect("x").collect("mentions", {})
    assert [update.external_id for update in batch.updates] == [made]
    from monitor.platforms.base import SendRequest

    simulated.connect("x").send(SendRequest("reply", "Hi Mara", target_id=made))
    thread = world(simulated, "GET", f"threads/{made}").json()["posts"]
    assert [(each["author"], each["by_brand"], each["text"]) for each in thread] == [
        ("mara", False, "@lumora hello"),
        ("lumora", True, "Hi Mara"),
    ]
    assert made in [each["id"] for each in world(simulated, "GET", "threads?platform=x").json()["threads"]]


def test_a_message_put_in_from_outside_is_a_message(simulated):
    body = {"platform": "instagram", "form": "direct_message", "author": {"handle": "mara"}, "text": "hello"}
    world(simulated, "POST", "posts", **body)
    [message] = world(simulated, "GET", "messages?platform=instagram").json()["messages"]
    assert (message["author"], message["recipient"], message["text"]) == ("mara", "lumora", "hello")


@pytest.mark.parametrize("body", [{"platform": "myspace", "text": "x"}, {"platform": "x", "text": ""}])
def test_a_post_that_cannot_be_is_refused(simulated, body):
    assert world(simulated, "POST", "posts", **body).status_code == 400


def test_faults_are_used_up_and_can_be_cleared(simulated):
    world(simulated, "POST", "faults", kind="server_error", path="/x/", times=2)
    me = f"{simulated.address}/x/2/users/me"
    assert [requests.get(me, timeout=5).status_code for _call in range(3)] == [503, 503, 401]
    world(simulated, "POST", "faults", kind="server_error", times=9)
    world(simulated, "DELETE", "faults")
    assert requests.get(me, timeout=5).status_code == 401
    assert world(simulated, "POST", "faults", kind="earthquake").status_code == 400


def test_a_dropped_answer_is_a_dead_connection_after_the_deed(simulated):
    entry = simulated.person_says("facebook", "hello")
    simulated.add_fault("drop_after_commit", method="POST")
    from monitor.simulators.world import DEMO_CHANNELS

    token = {"Authorization": f"Bearer {DEMO_CHANNELS[1]['credentials']['access_token']}"}
    address = f"{simulated.address}/graph/v25.0/{entry.identifier}/comments"
    with pytest.raises(requests.ConnectionError):
        requests.post(address, data={"message": "done"}, headers=token, timeout=5)
    assert [each.text for each in simulated.world.thread(entry.identifier)] == ["hello", "done"]


def test_posts_can_be_edited_and_deleted_and_tokens_revoked(simulated):
    entry = simulated.person_says("facebook", "helo")
    world(simulated, "POST", "edits", id=entry.identifier, text="hello")
    assert entry.text == "hello"
    world(simulated, "POST", "deletions", id=entry.identifier)
    assert simulated.world.find(entry.identifier) is None
    world(simulated, "POST", "tokens", is_revoked=True)
    assert simulated.world.is_revoked


def test_the_program_serves_a_story_until_it_is_stopped():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    program = subprocess.Popen([sys.executable, "-m", "monitor.simulators", "--port", str(port)])
    try:
        threads = _wait_for(f"http://127.0.0.1:{port}/_world/threads?platform=x", program)
        assert any("@lumora" in each["text"] for thread in threads for each in thread["posts"])
    finally:
        program.terminate()
        assert program.wait(timeout=10) in (0, -15)


def _wait_for(address, program):
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and program.poll() is None:
        try:
            threads = requests.get(address, timeout=5).json()["threads"]
        except requests.ConnectionError:
            time.sleep(0.1)
            continue
        if len(threads) > 1:
            return threads
        time.sleep(0.1)
    raise AssertionError("the fake platforms did not serve their story")


def test_a_profile_is_closed_and_opened_from_outside(simulated):
    made = simulated.person_says("x", "@lumora hello")
    person = {"platform": "x", "handle": "mara"}
    assert world(simulated, "POST", "standings", **person, standing="protected").json() == {"standing": "protected"}
    assert simulated.world.find(made.identifier) is None
    assert world(simulated, "POST", "standings", **person, standing="gone").status_code == 400
    assert world(simulated, "POST", "standings", platform="x", handle="nobody").status_code == 404
    assert world(simulated, "POST", "standings", **person).json() == {"standing": ""}
    assert simulated.world.find(made.identifier) is made
