"""Writes of this room: decisions in batches, the brand's rules and own contacts, and what a person says of spam."""

from monitor.triage.services.contacts import remember_own_contacts
from monitor.triage.services.decisions import TriageOutcome, triage_posts
from monitor.triage.services.rules import delete_rule, save_rule
from monitor.triage.services.spam import NotSpamError, mark_not_spam

__all__ = [
    "NotSpamError",
    "TriageOutcome",
    "delete_rule",
    "mark_not_spam",
    "remember_own_contacts",
    "save_rule",
    "triage_posts",
]
