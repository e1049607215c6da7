"""A brand's rules, changed by its lead and audited. The threshold is among the settings of the brand."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import transaction

from monitor.audit import services as audit
from monitor.brands.models import Brand, User
from monitor.brands.rights import can
from monitor.triage.models import Rule
from monitor.triage.rules import InvalidRuleError, RuleSpec


def save_rule(
    *,
    user: User,
    brand: Brand,
    name: str,
    conditions: Sequence[Mapping[str, Any]],
    actions: Sequence[Mapping[str, Any]],
    position: int = 0,
    is_active: bool = True,
    rule_id: int | None = None,
) -> Rule:
    """Makes or changes a rule. Raises InvalidRuleError, PermissionDenied, Rule.DoesNotExist (also for another's)."""
    _check(user, brand)
    spec = RuleSpec.from_json({"name": name, "conditions": list(conditions), "actions": list(actions)})
    if not spec.name.strip():
        raise InvalidRuleError("A rule needs a name.")
    with transaction.atomic():
        rule = Rule(brand=brand, created_by=user) if rule_id is None else Rule.objects.get(pk=rule_id, brand=brand)
        stored = spec.to_json()
        rule.name, rule.conditions, rule.actions = stored["name"], stored["conditions"], stored["actions"]
        rule.position, rule.is_active = position, is_active
        rule.save()
        act = "rule.made" if rule_id is None else "rule.changed"
        audit.record(actor=user, act=act, brand_id=brand.pk, subject=rule, params={**stored, "is_active": is_active})
    return rule


def delete_rule(*, user: User, brand: Brand, rule_id: int) -> None:
    """Decisions taken with it keep their rule set. Raises PermissionDenied, Rule.DoesNotExist."""
    _check(user, brand)
    with transaction.atomic():
        rule = Rule.objects.select_for_update().get(pk=rule_id, brand=brand)
        audit.record(actor=user, act="rule.deleted", brand_id=brand.pk, subject=rule, params={"name": rule.name})
        rule.delete()


def _check(user: User, brand: Brand) -> None:
    if not can(user, brand, "steer"):
        raise PermissionDenied("steer")
