"""Writes of this room: decisions in batches, and the brand's rules."""

from monitor.triage.services.decisions import TriageOutcome, triage_posts
from monitor.triage.services.rules import delete_rule, save_rule, set_threshold

__all__ = ["TriageOutcome", "delete_rule", "save_rule", "set_threshold", "triage_posts"]
