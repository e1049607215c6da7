"""What one post adds to the numbers, in one SQL definition that the fold, the recompute and every query share.

A reading is the current analysis with the current corrections over it. Own posts are not counted; a deleted or
erased post keeps counting; a post that nobody has read yet counts as a post of unknown topic.
"""

DIMENSIONS = ("platform", "market", "language", "topic", "intent", "audience")

# Measure → the flag of a contribution that it sums ("" counts every post).
MEASURES = {
    "posts": "",
    "complaints": "complaint",
    "negatives": "negative",
    "positives": "positive",
    "severes": "severe",
    "flagged": "flagged",
    "cased": "cased",
}
FLAGS = tuple(flag for flag in MEASURES.values() if flag)
UNKNOWN = "unknown"
UNKNOWN_LANGUAGE = "und"

COLUMNS = ("post_id", "brand_id", "bucket_at", *DIMENSIONS, *FLAGS)


def current_contributions(posts: str) -> str:
    """A SELECT of `COLUMNS` for the posts whose ids the subquery `posts` gives."""
    return f"""
        SELECT post.id AS post_id, post.brand_id,
               date_bin('15 minutes', post.created_at, TIMESTAMPTZ '2000-01-01 00:00:00+00') AS bucket_at,
               post.platform,
               coalesce(market.code, '{UNKNOWN}') AS market,
               coalesce(fixed.language, reading.language, nullif(post.language_hint, ''), '{UNKNOWN_LANGUAGE}')
                   AS language,
               coalesce(fixed.topic, reading.topic, '{UNKNOWN}') AS topic,
               coalesce(fixed.intent, reading.intent, '{UNKNOWN}') AS intent,
               coalesce(reading.audience, '{UNKNOWN}') AS audience,
               coalesce(lower(fixed.complaint) = 'true', reading.complaint, false) AS complaint,
               coalesce(fixed.sentiment, reading.sentiment, '') = 'negative' AS negative,
               coalesce(fixed.sentiment, reading.sentiment, '') = 'positive' AS positive,
               coalesce(fixed.severity, reading.severity::text, '') = '3' AS severe,
               coalesce(decision.is_flagged, false) AS flagged,
               case_post.id IS NOT NULL AS cased
        FROM inbox_post post
        LEFT JOIN brands_market market ON market.id = post.market_id
        LEFT JOIN analysis_analysis reading ON reading.post_id = post.id AND reading.is_current
        LEFT JOIN triage_triagedecision decision ON decision.post_id = post.id AND decision.is_current
        LEFT JOIN cases_casepost case_post ON case_post.post_id = post.id
        LEFT JOIN (
            SELECT post_id,
                   max(value) FILTER (WHERE field = 'language') AS language,
                   max(value) FILTER (WHERE field = 'topic') AS topic,
                   max(value) FILTER (WHERE field = 'intent') AS intent,
                   max(value) FILTER (WHERE field = 'complaint') AS complaint,
                   max(value) FILTER (WHERE field = 'sentiment') AS sentiment,
                   max(value) FILTER (WHERE field = 'severity') AS severity
            FROM analysis_correction
            WHERE is_current AND post_id IN ({posts})
            GROUP BY post_id
        ) fixed ON fixed.post_id = post.id
        WHERE NOT post.is_own AND post.id IN ({posts})
    """  # noqa: S608  (built from the code's own words only)


def signed_sums(source: str) -> dict[str, str]:
    """Measure → its sum over rows that carry `sign` (1 added, -1 taken away) and the flags."""
    return {
        measure: f"sum({source}.sign * {source}.{flag}::int)" if flag else f"sum({source}.sign)"
        for measure, flag in MEASURES.items()
    }
