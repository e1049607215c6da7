"""The files for operators say what the code does."""

import re
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
READ = re.compile(
    r'(?:read_(?:text|flag|number|list|or_make_secret)\(\s*|environ\.get\()"(MENTIONDESK_\w+|DATABASE_URL|REDIS_URL)"'
)


def test_every_setting_is_explained() -> None:
    sources = [
        path for room in ("monitor", "workers") for path in (ROOT / room).rglob("*.py") if "train" not in path.parts
    ]
    read = {name for path in sources for name in READ.findall(path.read_text(encoding="utf-8"))}
    text = (DEPLOY / "env.example").read_text(encoding="utf-8")
    explained = {name.removesuffix("_FILE") for name in re.findall(r"^#?([A-Z0-9_]+)=", text, re.MULTILINE)}
    assert "MENTIONDESK_HOME" in read
    assert read - explained == set()
    assert explained - read == {"POSTGRES_PASSWORD", "REDIS_PASSWORD"}


def test_no_setting_of_the_example_is_switched_on() -> None:
    lines = (DEPLOY / "env.example").read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if line and not line.startswith("#")] == []


def test_compose_units_and_chart_run_the_same_parts() -> None:
    compose: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))
    values: dict[str, Any] = yaml.safe_load((DEPLOY / "helm/mentiondesk/values.yaml").read_text(encoding="utf-8"))
    units = {path.stem.partition("-")[2].rstrip("@") for path in (DEPLOY / "systemd").glob("mentiondesk-*.service")}
    assert set(values["parts"]) == units == set(compose["services"]) - {"postgres", "redis", "migrate"}


def test_every_queue_has_a_worker() -> None:
    from monitor.queue import QUEUES

    for path in (DEPLOY / "compose.yaml", DEPLOY / "helm/mentiondesk/templates/_helpers.tpl"):
        named = re.findall(r'-Q"?, "?([a-z]+(?:,[a-z]+)*)', path.read_text(encoding="utf-8"))
        assert sorted(",".join(named).split(",")) == sorted(QUEUES)
    units = "".join(path.read_text(encoding="utf-8") for path in (DEPLOY / "systemd").glob("*.service"))
    assert sorted(",".join(re.findall(r"-Q ([a-z]+(?:,[a-z]+)*)", units)).split(",")) == sorted(QUEUES)


def test_alerts_ask_for_figures_that_are_told() -> None:
    rules = (DEPLOY / "prometheus" / "rules.yaml").read_text(encoding="utf-8")
    assert yaml.safe_load(rules)["groups"]
    told = (ROOT / "monitor" / "api" / "metrics.py").read_text(encoding="utf-8")
    asked = set(re.findall(r"\bmentiondesk_\w+", rules))
    assert asked
    assert {name for name in asked if f'"{name}"' not in told} == set()
