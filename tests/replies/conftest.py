"""Cases that wait for an answer, and a platform that does what the test says."""

from typing import Any

import pytest

from monitor.brands.models import Switch, SwitchName
from monitor.cases.models import Case
from monitor.replies import services
from monitor.replies.models import Effect, Reply
from tests.replies.platform import FakePlatform
from tests.support.desk import make_case

ANSWER = "Thank you for telling us. Please send us a private message so that we can look into it."


@pytest.fixture
def platform() -> FakePlatform:
    return FakePlatform()


@pytest.fixture
def public_case(brand: Any) -> Case:
    """Somebody mentions the brand on X."""
    return make_case(brand, "@lumora where is my parcel?")


@pytest.fixture
def private_case(brand: Any) -> Case:
    """A direct message on X."""
    return make_case(brand, "Hello, where is my parcel?", is_public=False)


def approved(user: Any, case: Case, text: str = ANSWER, **fields: Any) -> Reply:
    return services.approve(user=user, reply=services.draft_reply(user=user, case=case, text=text), **fields)


def send_due(platform: FakePlatform, **options: Any) -> list[Effect]:
    """What the worker does: claim, then carry out."""
    effects = services.claim_effects(**options)
    for effect in effects:
        services.perform_effect(effect_id=effect.pk, connector_factory=platform.connect)
    return effects


def switch(brand: Any, name: SwitchName, is_on: bool = True) -> None:
    Switch.objects.update_or_create(brand=brand, name=name, defaults={"is_on": is_on})
