"""Writes of this room: analyses stored in batches, and the corrections of reviewers."""

from monitor.analysis.services.corrections import CorrectionError, correct
from monitor.analysis.services.pending import analyze_posts
from monitor.analysis.services.renewal import reanalyze_posts

__all__ = ["CorrectionError", "analyze_posts", "correct", "reanalyze_posts"]
