"""Writes of this room. The pipeline calls `open_cases` and `note_own_post`; people's verbs take the user first."""

from monitor.cases.services.answers import note_answer_taken_down, note_own_post
from monitor.cases.services.hand_offs import confirm_hand_off, offer_hand_off
from monitor.cases.services.incidents import add_to_incident, close_incident, open_incident, remove_from_incident
from monitor.cases.services.life import close, close_settled, reopen, resolve, snooze, wake, wake_snoozed
from monitor.cases.services.links import adopt_conversation, merge, split, undo_merge
from monitor.cases.services.locking import CaseChangedError
from monitor.cases.services.opening import open_cases
from monitor.cases.services.suggested import ask_for_suggestion, note_suggested
from monitor.cases.services.verdicts import correct_reading, judge_sampled, mark_not_complaint
from monitor.cases.services.work import (
    CaseClaimedError,
    add_note,
    add_tag,
    assign,
    claim,
    escalate,
    release,
    remove_tag,
)

__all__ = [
    "CaseChangedError",
    "CaseClaimedError",
    "add_note",
    "add_tag",
    "add_to_incident",
    "adopt_conversation",
    "ask_for_suggestion",
    "assign",
    "claim",
    "close",
    "close_incident",
    "close_settled",
    "confirm_hand_off",
    "correct_reading",
    "escalate",
    "judge_sampled",
    "mark_not_complaint",
    "merge",
    "note_answer_taken_down",
    "note_own_post",
    "note_suggested",
    "offer_hand_off",
    "open_cases",
    "open_incident",
    "release",
    "remove_from_incident",
    "remove_tag",
    "reopen",
    "resolve",
    "snooze",
    "split",
    "undo_merge",
    "wake",
    "wake_snoozed",
]
