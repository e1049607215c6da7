"""What a brand has switched on. Rooms read it in the transaction in which they claim work; a missing row is off."""

from monitor.brands.models import Switch, SwitchName


def is_on(brand_id: int, name: str) -> bool:
    """Raises ValueError for a name that is not in SwitchName: a misspelt kill switch must not read as off."""
    return Switch.objects.filter(brand_id=brand_id, name=SwitchName(name), is_on=True).exists()


def switches_of(brand_id: int) -> dict[str, bool]:
    """All of them at once."""
    rows = dict(Switch.objects.filter(brand_id=brand_id).values_list("name", "is_on"))
    return {name: rows.get(name, False) for name in SwitchName.values}
