"""The whole story where there is no broker and no browser: the sweeper does all the work."""

from pathlib import Path

import pytest

from tests.embedded.conftest import short_home
from tests.support.running_desk import running_desk, until

APPROVE = """
from monitor.brands.models import User
from monitor.replies import services
from monitor.replies.models import SuggestedReply
lead = User.objects.get(email="mara@lumora.example")
suggestion = SuggestedReply.objects.get(post__external_id="{identifier}")
print(services.approve_suggestion(user=lead, suggestion=suggestion).text, end="")
"""


@pytest.mark.faults
def test_a_message_is_acknowledged_and_answered_once() -> None:
    with short_home() as home, running_desk(Path(home), REDIS_URL="none") as desk:
        assert set(desk.state()["programs"]) == {"postgres", "web", "simulator", "sweeper"}
        identifier = desk.say(
            "Where is my parcel? It is two weeks late.", platform="facebook", form="direct_message", handle="witness"
        )
        # Pushed by the simulated platform, signed with the secret of this home, before or after a poll brought it.
        pushed = "SELECT count(*) FROM inbox_sighting s JOIN inbox_post p ON p.id = s.post_id"
        until(lambda: desk.number(f"{pushed} WHERE p.external_id = %s AND s.how = 'webhook'", identifier), seconds=60)
        assert desk.number("SELECT count(*) FROM inbox_post WHERE external_id = %s", identifier) == 1
        suggested = "SELECT count(*) FROM replies_suggestedreply s JOIN inbox_post p ON p.id = s.post_id"
        until(lambda: desk.number(f"{suggested} WHERE p.external_id = %s", identifier), seconds=60)
        words = desk.run_python(APPROVE.format(identifier=identifier))

        def told() -> list[str]:
            return [one["text"] for one in desk.messages_by_brand() if one["recipient"] == "witness"]

        until(lambda: words in told(), seconds=60)
        assert len(told()) == len(set(told())) == 2
