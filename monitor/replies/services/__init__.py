"""Writes of this room. People's verbs take the user first; the pipeline and the outbox call the others."""

from monitor.replies.selectors import cases_without_suggestion
from monitor.replies.services.acknowledging import acknowledge_cases
from monitor.replies.services.claiming import claim_effects, expire_leases
from monitor.replies.services.drafting import (
    AlreadyAnsweredError,
    GuardError,
    NotEligibleError,
    SecondApprovalNeededError,
    approve,
    approve_suggestion,
    confirm_native_task,
    decline,
    draft_reply,
    edit,
    submit,
    take_suggestion,
    withdraw,
)
from monitor.replies.services.gone_answers import note_answers_gone
from monitor.replies.services.matching import match_own_posts
from monitor.replies.services.post_effects import EffectRefusedError, request_effect, right_to_ask, withdraw_effect
from monitor.replies.services.reconciling import reconcile_unconfirmed
from monitor.replies.services.sending import perform_effect, record_failed, record_sent, record_unconfirmed
from monitor.replies.services.suggesting import load_articles, suggest_for_cases

__all__ = [
    "AlreadyAnsweredError",
    "EffectRefusedError",
    "GuardError",
    "NotEligibleError",
    "SecondApprovalNeededError",
    "acknowledge_cases",
    "approve",
    "approve_suggestion",
    "cases_without_suggestion",
    "claim_effects",
    "confirm_native_task",
    "decline",
    "draft_reply",
    "edit",
    "expire_leases",
    "load_articles",
    "match_own_posts",
    "note_answers_gone",
    "perform_effect",
    "reconcile_unconfirmed",
    "record_failed",
    "record_sent",
    "record_unconfirmed",
    "request_effect",
    "right_to_ask",
    "submit",
    "suggest_for_cases",
    "take_suggestion",
    "withdraw",
    "withdraw_effect",
]
