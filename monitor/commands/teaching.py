"""learn: what the corrections of a brand teach its models, and the way back."""

import argparse
from datetime import UTC
from typing import Any

from monitor.commands.failures import CommandError
from monitor.commands.progress import say


def register(commands: Any) -> None:
    learn = commands.add_parser(
        "learn",
        help="refit heads from corrections",
        description="Refits the heads of a brand's model from its reviewers' corrections. A head is used only where it "
        "beats the one in use (shipped or learned) on corrections that neither was fitted on. Stored posts are then "
        "read again, behind everything else.",
    )
    learn.add_argument("--brand", metavar="B", help="the brand's short name (default: every brand)")
    way = learn.add_mutually_exclusive_group()
    way.add_argument("--list", action="store_true", help="list the versions, change nothing")
    way.add_argument("--use", metavar="N", type=int, help="go back to version N; 0: the model as it was shipped")
    learn.set_defaults(run=teach)


def teach(arguments: argparse.Namespace) -> int:
    from monitor.commands.desk import desk

    if arguments.use is not None and not arguments.brand:
        raise CommandError("--use needs --brand: versions are counted by brand.")
    with desk():
        from monitor.brands.models import Brand

        brands = Brand.objects.order_by("slug")
        if arguments.brand and not (brands := brands.filter(slug=arguments.brand)).exists():
            raise CommandError(f"There is no brand {arguments.brand!r}.")
        has_failed = False
        for brand in brands:
            if arguments.list:
                _list(brand)
            elif arguments.use is not None:
                _use(brand, arguments.use)
            else:
                has_failed |= not _learn(brand)
    return 1 if has_failed else 0


def _learn(brand: Any) -> bool:
    """Whether it went through."""
    from monitor.analysis.services import LearningOvertakenError, learn

    try:
        lesson = learn(brand=brand)
    except LearningOvertakenError as error:
        say(f"{brand.slug}: {error}; it stays. `mentiondesk learn --brand {brand.slug}` starts from there.")
        return False
    if lesson.left_out:
        say(f"{brand.slug}: {lesson.left_out} corrected posts left out: the terms of their source do not allow to "
            "learn from them, or nobody has said so (`--may-teach` of `import` and `connect feed`).")  # fmt: skip
    for head, told in lesson.report.items():
        print(f"{brand.slug}  {head:<12}{describe(told)}")
    if lesson.is_back_to_shipped:
        print(f"{brand.slug}: what was learned before is worse now than the model as it was shipped, which reads its "
              "posts from now on.")  # fmt: skip
    elif lesson.heads is not None:
        print(f"{brand.slug}: version {lesson.heads.number} reads its posts from now on.")
    else:
        print(f"{brand.slug}: {lesson.corrected_posts} corrected posts; nothing beat what is in use, nothing changed.")
    return True


def describe(told: dict[str, Any]) -> str:
    """One head of a report as a line."""
    from monitor.nlp.learning import FEWEST_CHECKED, FEWEST_HELD_OUT

    judged = f"{told['held_out_verdicts']} of {told['verdicts']} verdicts aside"
    if told["lacks"] == "verdicts":
        return f"{judged}, on at least {FEWEST_HELD_OUT} different texts are needed; left as it is"
    if told["lacks"]:
        return f"{told['checked']} posts aside that nobody corrected, {FEWEST_CHECKED} are needed; left as it is"
    right = f"right {told['right_before']} → {told['right_after']}"
    others = f"others changed {told['changed']} of {told['checked']} ({told['changed_share']:.1%} of all)"
    sample = f", {told['drawn']} drawn by chance decide" if told["by_sample"] else ""
    where = f"used on {', '.join(told['platforms'])}"
    outcome = where if told["is_promoted"] else "not used any more" if told["is_dropped"] else "left as it is"
    return f"{judged}{sample}: {right}, {others}, {outcome}"


def _list(brand: Any) -> None:
    from monitor.analysis.services import versions_of
    from monitor.nlp.engine import load_engine

    installed = load_engine().version
    for one in versions_of(brand=brand):
        used = [head for head, told in one.report.items() if told["is_promoted"]]
        is_resting = one.is_active and one.base_version != installed
        mark = "~" if is_resting else "*" if one.is_active else " "
        print(f"{brand.slug} {mark}{one.number:>3}  {one.learned_at.astimezone(UTC):%Y-%m-%d %H:%M} UTC  "
              f"{one.base_version}  {', '.join(used)}")  # fmt: skip
        if is_resting:
            say(f"{brand.slug}: version {one.number} rests (~): it was learned on other weights than {installed}, "
                f"which read as they were shipped. `mentiondesk learn --brand {brand.slug}` teaches them.")  # fmt: skip


def _use(brand: Any, number: int) -> None:
    from monitor.analysis.models import LearnedHeads
    from monitor.analysis.services import use_version

    try:
        use_version(brand=brand, number=number)
    except LearnedHeads.DoesNotExist as error:
        raise CommandError(
            f"{brand.slug} has no version {number} for the weights of today: see `mentiondesk learn --list`."
        ) from error
    told = f"version {number} reads" if number else "the model as it was shipped reads"
    print(f"{brand.slug}: {told} its posts from now on.")
