"""Makes the demo brand from `lumora.yaml` and points its channels at the simulated platforms."""

from pathlib import Path
from typing import Any

import yaml
from django.db import transaction

from monitor.brands import services as brands
from monitor.brands.models import Brand, Channel, Market, Membership, SwitchName, User
from monitor.replies.services import load_articles
from monitor.simulators.world import DEMO_CHANNELS, PATHS


@transaction.atomic
def create_demo(simulator_address: str) -> Brand:
    """The whole brand in one transaction: either all of the demo is there or nothing."""
    plan = yaml.safe_load((Path(__file__).parent / "lumora.yaml").read_text(encoding="utf-8"))
    fields = ("time_zone", "default_language", "flag_threshold", "order_patterns", "tone", "language_markets")
    brand = brands.create_brand(
        slug=plan["slug"], name=plan["name"], is_demo=True, **{name: plan[name] for name in fields}
    )
    _make_markets(brand, plan)
    _make_people(brand, plan)
    for wanted in DEMO_CHANNELS:
        brands.connect_channel(
            brand=brand,
            platform=wanted["platform"],
            kind=wanted["kind"],
            external_id=wanted["external_id"],
            handle=wanted["handle"],
            name=wanted["name"],
            query=wanted.get("query", ""),
            credentials=wanted["credentials"],
            api_url=simulator_address + PATHS[wanted["platform"]],
            poll_seconds=3,
        )
    load_articles(brand=brand)
    brands.set_switch(brand=brand, name=SwitchName.ACKNOWLEDGEMENT, is_on=True, user=None)
    return brand


def point_demo_at(simulator_address: str) -> None:
    """The simulator may answer at another port after a restart."""
    for channel in Channel.objects.filter(brand__is_demo=True, platform__in=PATHS):
        Channel.objects.filter(pk=channel.pk).update(api_url=simulator_address + PATHS[channel.platform])


def _make_markets(brand: Brand, plan: dict[str, Any]) -> None:
    for row in plan["markets"]:
        hours = [row["hotline_hours"]] if row.get("hotline") else []
        Market.objects.create(
            brand=brand,
            code=row["code"],
            name=row["name"],
            time_zone=row["time_zone"],
            languages=row["languages"],
            hours={str(weekday): hours for weekday in range(5)} if hours else {},
            hand_offs=[one for one in plan["hand_offs"] if one["to"] != "hotline" or row.get("hotline")],
        )


def _make_people(brand: Brand, plan: dict[str, Any]) -> None:
    for row in plan["people"]:
        user = User.objects.create_user(
            row["email"], name=row["name"], language=row["language"], time_zone=row["time_zone"]
        )
        Membership.objects.create(user=user, brand=brand, role=row["role"])
