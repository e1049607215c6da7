"""No column that can hold words is stored without somebody saying what happens to it when a person is erased."""

import pytest

from monitor.privacy.registry import ROOMS, columns_to_claim, rooms, unclaimed_columns
from tests.guards.house import floors


def test_every_column_that_can_hold_words_is_claimed() -> None:
    assert unclaimed_columns() == {}


def test_the_registry_walks_from_the_top_down() -> None:
    heights = [floors()[room] for room in ROOMS]
    assert heights == sorted(heights, reverse=True)


def test_every_room_with_tables_is_in_the_registry() -> None:
    from django.apps import apps

    ours = {config.label for config in apps.get_app_configs() if config.name.startswith("monitor.")}
    assert ours == set(ROOMS)


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_that_claims_to_erase_can_erase(room: str) -> None:
    declared = next(one for one in rooms() if one.room == room)
    erased = [column for column, claim in declared.columns.items() if claim.split(":")[0] == "erased"]
    assert bool(erased) <= (declared.erase_author is not None), erased


def test_the_walk_sees_texts_json_bytes_and_vectors() -> None:
    assert {"Post.text", "Post.attachments", "RawEvent.body"} <= columns_to_claim("inbox")
    assert "Embedding.vector" in columns_to_claim("analysis")
