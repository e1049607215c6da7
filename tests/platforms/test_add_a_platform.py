"""The page about adding a platform is followed to the letter, and what comes of it is asked the contract's core."""

import importlib
import inspect
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.routing import Mount

import monitor.platforms
import monitor.simulators
from monitor.platforms import registry
from monitor.simulators import faults
from monitor.simulators.app import create_app
from monitor.simulators.faults import FaultMiddleware
from monitor.simulators.world import DEMO_CHANNELS, PATHS, Person, World
from tests.platforms.contract import test_reading, test_storing, test_trouble
from tests.platforms.contract.scene import Scene
from tests.platforms.contract.ways import WAYS, Ways
from tests.support.simulated import Simulated, Stage

pytestmark = pytest.mark.django_db

PAGE = Path(__file__).parents[2] / "docs" / "add-a-platform.md"
CODE = "guestbook"
_FILE = re.compile(r"^`(monitor/[\w/]+\.py)`\n\n```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_STANDARD = re.compile(r"in `_STANDARD`.*?```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)

CORE: list[Callable[..., Any]] = [
    test_reading.test_a_backlog_is_read_to_its_end_page_by_page,
    test_reading.test_a_worker_that_dies_between_pages_loses_nothing,
    test_reading.test_what_arrives_while_a_backlog_is_read_is_not_lost,
    test_reading.test_what_becomes_visible_late_is_found,
    test_reading.test_a_poll_hands_nothing_on_twice,
    test_reading.test_a_parent_that_is_gone_takes_nothing_else_along,
    test_reading.test_what_is_answered_is_known,
    test_reading.test_times_are_those_of_the_platform_in_utc,
    test_reading.test_a_long_post_is_read_whole,
    test_reading.test_words_are_read_exactly_as_written,
    test_reading.test_ids_are_text_and_lose_no_digit,
    test_reading.test_a_stream_that_a_channel_does_not_have_is_refused,
    test_reading.test_an_empty_budget_stops_before_the_call,
    test_trouble.test_refusals_are_told_apart_and_each_has_its_own_words,
    test_trouble.test_a_rate_limit_waits_as_told_while_others_go_on,
    test_trouble.test_a_dead_token_is_tried_once_told_once_and_stops_the_polling,
    test_trouble.test_a_server_that_hangs_is_given_up,
    test_trouble.test_nobody_listening_is_unavailable,
    test_storing.test_a_worker_killed_before_it_commits_loses_and_repeats_nothing,
    test_storing.test_one_update_that_cannot_be_read_does_not_stop_its_page,
    test_storing.test_a_deleted_post_loses_its_words_and_keeps_its_case,
    test_storing.test_a_deletion_that_comes_before_its_post_keeps_it_out,
    test_storing.test_words_and_ids_are_stored_as_they_are,
    test_storing.test_what_nobody_knows_is_kept_and_ignored,
]


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The page's files, in folders beside those of the program."""
    root = tmp_path_factory.mktemp("followed")
    files = dict(_FILE.findall(PAGE.read_text("utf-8")))
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, "utf-8")
    packages = [(monitor.platforms, "platforms"), (monitor.simulators, "simulators")]
    for package, name in packages:
        package.__path__.append(str(root / "monitor" / name))
    yield root
    for package, name in packages:
        package.__path__.remove(str(root / "monitor" / name))
    for module in [name for name in sys.modules if "guestbook" in name]:
        del sys.modules[module]


@pytest.fixture
def scene(written: Path, stage: Stage, monkeypatch: pytest.MonkeyPatch) -> Iterator[Scene]:
    """The lines that name it, and a world with the brand in it."""
    monkeypatch.setitem(registry._PLATFORMS, CODE, f"monitor.platforms.{CODE}:PLATFORM")
    fake = importlib.import_module(f"monitor.simulators.{CODE}_api")
    [standard] = _STANDARD.findall(PAGE.read_text("utf-8"))
    monkeypatch.setitem(faults._STANDARD, CODE, eval(standard))  # type: ignore[index]  # noqa: S307  (our own page)
    monkeypatch.setitem(PATHS, CODE, f"/{CODE}")
    connector = importlib.import_module(f"monitor.platforms.{CODE}.connector")
    refusals = {"auth_expired": (401, {}), "permission_missing": (403, {}), "gone": (404, {}), "retired": (410, {})}
    ways = Ways(
        small_pages=lambda patch: patch.setattr(connector, "PAGE_SIZE", 5),
        throttled=lambda _at: (429, {}, {"retry-after": "120"}),
        refusals=refusals,
    )
    monkeypatch.setitem(WAYS, CODE, ways)
    DEMO_CHANNELS.append(fake.CHANNEL)
    world = World()
    world.brands[CODE] = world.people[CODE, "lumora"] = Person(CODE, "lumora", "lumora", "Lumora")
    stage.show(world)
    part = Starlette(routes=fake.routes())
    part.state.world = world
    whole = Starlette(routes=[Mount(f"/{CODE}", part), Mount("/", create_app(world))])
    stage._app = FaultMiddleware(whole, world.faults)
    yield Scene(Simulated(world, stage.address), CODE)
    DEMO_CHANNELS.remove(fake.CHANNEL)
    registry.get_platform.cache_clear()
    registry.allows_learning.cache_clear()


@pytest.mark.parametrize("test", CORE, ids=[each.__name__ for each in CORE])
def test_what_the_page_builds_keeps_the_contract(
    test: Callable[..., Any],
    scene: Scene,
    brand: Any,
    other_brand: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    scene.ways.small_pages(monkeypatch)
    given = {"scene": scene, "brand": brand, "other_brand": other_brand, "monkeypatch": monkeypatch}
    wanted = inspect.signature(test).parameters
    assert test(**{name: given[name] for name in wanted}) is None


@pytest.mark.parametrize("fault", list(test_trouble.FAULTS))
def test_each_fault_has_its_error(scene: Scene, fault: str) -> None:
    test_trouble.test_each_fault_of_a_read_has_its_error(scene, fault)
    assert scene.simulated.connect(CODE).check() == []


def test_the_page_names_every_file_once_and_no_other() -> None:
    names = [name for name, _content in _FILE.findall(PAGE.read_text("utf-8"))]
    assert names == [
        "monitor/platforms/guestbook/__init__.py",
        "monitor/platforms/guestbook/normalize.py",
        "monitor/platforms/guestbook/connector.py",
        "monitor/simulators/guestbook_api.py",
    ]


def test_the_code_on_the_page_keeps_the_house_style(written: Path) -> None:
    """As short, as typed and as explained as the rest."""
    for path in sorted(written.rglob("*.py")):
        lines = path.read_text("utf-8").splitlines()
        assert max(len(line) for line in lines) <= 120 and len(lines) < 150 and lines[0].startswith('"""')
