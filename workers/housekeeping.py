"""What a house needs so that it does not fall apart: partitions, retention, the audit chain, snoozes that end, and a
look at how well the model still reads."""

from monitor.analysis.services import ask_due_renewals
from monitor.analysis.services.drifting import watch_drift
from monitor.analysis.services.sampling import draw_due_samples
from monitor.audit import services as audit
from monitor.cases import services as cases
from monitor.privacy import asked
from monitor.privacy import services as privacy
from monitor.replies import services as replies
from monitor.schema import PARTITIONED_TABLES, ensure_partitions
from monitor.triage.selectors import put_aside
from workers.app import app


@app.task(name="workers.housekeeping.seal_audit")
def seal_audit() -> None:
    audit.seal()


@app.task(name="workers.housekeeping.wake_cases")
def wake_cases() -> None:
    cases.wake_snoozed()


@app.task(name="workers.housekeeping.keep_house")
def keep_house() -> None:
    ensure_partitions(PARTITIONED_TABLES)
    cases.close_settled()
    privacy.sweep_retention()


@app.task(name="workers.housekeeping.carry_out_deletions")
def carry_out_deletions() -> None:
    """What platforms ask for in people's names."""
    asked.carry_out_deletions()


@app.task(name="workers.housekeeping.note_answers_gone")
def note_answers_gone() -> None:
    """What colleagues deleted in the platform's own app."""
    replies.note_answers_gone()


@app.task(name="workers.housekeeping.ask_renewals")
def ask_renewals() -> None:
    """After an update with other weights, or when examples of a topic had to go."""
    ask_due_renewals()


@app.task(name="workers.housekeeping.watch_quality")
def watch_quality() -> None:
    draw_due_samples(put_aside=put_aside)
    watch_drift()
