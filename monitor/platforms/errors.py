"""Everything that a platform can answer other than success.

PlatformError
├── RateLimitedError(retry_at)      wait until then; other channels go on
├── QuotaExceededError(resets_at)   the plan, the money or our own cap is spent: nobody retries
├── AuthExpiredError                the token is dead: an operator connects the channel again
├── RejectedError(code)             understood and refused: permission, window, duplicate, gone
├── UnavailableError                the platform did not do it and may do it later
├── UnconfirmedSendError            a write whose outcome is unknown: read back before any retry
└── MalformedPayloadError           the answer is not what the platform documents
"""

from datetime import datetime


class PlatformError(Exception):
    """Base of the tree. `message` never holds a token, an address with a query, or post text."""

    def __init__(self, message: str, *, request_id: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.request_id = request_id


class RateLimitedError(PlatformError):
    def __init__(self, message: str, *, retry_at: datetime | None, request_id: str = "") -> None:
        super().__init__(message, request_id=request_id)
        self.retry_at = retry_at


class QuotaExceededError(PlatformError):
    def __init__(self, message: str, *, resets_at: datetime | None, request_id: str = "") -> None:
        super().__init__(message, request_id=request_id)
        self.resets_at = resets_at


class AuthExpiredError(PlatformError):
    """The credentials are no longer accepted. `code`: auth_expired, or why they could not be renewed: renewal_refused,
    renewal_lost."""

    def __init__(self, message: str, *, code: str = "auth_expired", request_id: str = "") -> None:
        super().__init__(message, request_id=request_id)
        self.code = code


class RejectedError(PlatformError):
    """Refused for good. `code` is ours, stable and translated in the console.

    Codes: permission_missing, window_closed, not_summoned, duplicate, unreachable, gone, too_long,
    already_replied, policy_block, bad_request. Of push: webhook_crc_failed, webhook_url_invalid, webhook_limit,
    subscription_limit, no_app_token. Of a feed: moved, retired, no_feed, not_public.
    Of signing in: code_refused, app_refused, bad_server, no_instance, no_app, no_profile.
    """

    def __init__(self, message: str, *, code: str, request_id: str = "") -> None:
        super().__init__(message, request_id=request_id)
        self.code = code


class UnavailableError(PlatformError):
    """Safe to try again later: the request was certainly not carried out."""


class UnconfirmedSendError(PlatformError):
    """The write may or may not have happened."""


class MalformedPayloadError(PlatformError):
    """The body could not be understood."""
