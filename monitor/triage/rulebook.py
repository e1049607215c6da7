"""The rule set in force for a brand, and the shelf where every rule set that ever decided is kept."""

from collections.abc import Iterable, Mapping

from monitor.logs import get_logger
from monitor.triage.models import Rule, Ruleset
from monitor.triage.rules import InvalidRuleError, RuleSpec
from monitor.triage.ruleset import RulesetSpec

log = get_logger(__name__)


def current_rulesets(brand_ids: Iterable[int]) -> dict[int, RulesetSpec]:
    """Brand id → the weights and its active rules, in order. A rule that cannot be read is left out and logged: one
    bad row must not stop the pipeline."""
    rules: dict[int, list[RuleSpec]] = {brand_id: [] for brand_id in brand_ids}
    for row in Rule.objects.filter(brand_id__in=rules, is_active=True).order_by("brand_id", "position", "pk"):
        try:
            rules[row.brand_id].append(spec_of(row))
        except InvalidRuleError:
            log.error("rule_not_readable", extra={"rule_id": row.pk})
    return {brand_id: RulesetSpec(rules=tuple(specs)) for brand_id, specs in rules.items()}


def spec_of(row: Rule) -> RuleSpec:
    """Raises InvalidRuleError."""
    return RuleSpec.from_json({"name": row.name, "conditions": row.conditions, "actions": row.actions})


def keep_rulesets(rulesets: Mapping[int, RulesetSpec]) -> None:
    """Stores what is not there yet; two workers may come at once."""
    versions = {brand_id: ruleset.version for brand_id, ruleset in rulesets.items()}
    known = set(
        Ruleset.objects.filter(brand_id__in=versions, version__in=set(versions.values())).values_list(
            "brand_id", "version"
        )
    )
    Ruleset.objects.bulk_create(
        [
            Ruleset(brand_id=brand_id, version=version, content=rulesets[brand_id].to_json())
            for brand_id, version in versions.items()
            if (brand_id, version) not in known
        ],
        ignore_conflicts=True,
    )


def kept_rulesets(brand_id: int, *, decide_version: str) -> dict[str, RulesetSpec]:
    """Version → rule set, of those that this version of `decide()` worked with: for running history again."""
    rows = Ruleset.objects.filter(brand_id=brand_id, version__startswith=f"{decide_version}-")
    return {version: RulesetSpec.from_json(content) for version, content in rows.values_list("version", "content")}
