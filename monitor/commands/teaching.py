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
        "is better on corrections that it was not fitted on. Stored posts are then read again, behind everything else.",
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
        for brand in brands:
            if arguments.list:
                _list(brand)
            elif arguments.use is not None:
                _use(brand, arguments.use)
            else:
                _learn(brand)
    return 0


def _learn(brand: Any) -> None:
    from monitor.analysis.services import learn

    lesson = learn(brand=brand)
    if lesson.left_out:
        say(f"{brand.slug}: {lesson.left_out} corrected posts left out: their platform forbids to learn.")
    for head, told in lesson.report.items():
        print(f"{brand.slug}  {head:<12}{describe(told)}")
    if lesson.heads is not None:
        print(f"{brand.slug}: version {lesson.heads.number} reads its posts from now on.")
    else:
        print(f"{brand.slug}: {lesson.corrected_posts} corrected posts; nothing was better, nothing changed.")


def describe(told: dict[str, Any]) -> str:
    """One head of a report as a line."""
    judged = f"{told['held_out_verdicts']} of {told['verdicts']} verdicts aside"
    right = f"right {told['right_before']} → {told['right_after']}, others changed {told['changed']}"
    return f"{judged}: {right}, {'used' if told['is_promoted'] else 'not used'}"


def _list(brand: Any) -> None:
    from monitor.analysis.services import versions_of

    for one in versions_of(brand=brand):
        used = [head for head, told in one.report.items() if told["is_promoted"]]
        mark = "*" if one.is_active else " "
        print(f"{brand.slug} {mark}{one.number:>3}  {one.learned_at.astimezone(UTC):%Y-%m-%d %H:%M} UTC  "
              f"{one.base_version}  {', '.join(used)}")  # fmt: skip


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
