"""Writes of this room: analyses stored in batches, the corrections of reviewers, and what a brand has of its own."""

from monitor.analysis.services.corrections import CorrectionError, correct
from monitor.analysis.services.pending import analyze_posts
from monitor.analysis.services.renewal import ask_due_renewals, ask_renewal, reanalyze_posts, renew_some
from monitor.analysis.services.teaching import LearningOvertakenError, Lesson, learn, use_version, versions_of
from monitor.analysis.services.topics import BrandTopicError, TriedText, remove_topic, save_topic, try_topic

__all__ = [
    "BrandTopicError",
    "CorrectionError",
    "LearningOvertakenError",
    "Lesson",
    "TriedText",
    "analyze_posts",
    "ask_due_renewals",
    "ask_renewal",
    "correct",
    "learn",
    "reanalyze_posts",
    "remove_topic",
    "renew_some",
    "save_topic",
    "try_topic",
    "use_version",
    "versions_of",
]
