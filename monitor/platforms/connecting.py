"""What every connector does the same way: how it is built, which streams and writes it knows, writes done over again.

What a platform reads and writes is its own connector's.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from monitor.platforms.base import Batch, ChannelContext, IncomingNotice, Receipt, SendRequest
from monitor.platforms.budget import Budget
from monitor.platforms.errors import RejectedError, UnavailableError, UnconfirmedSendError
from monitor.platforms.times import utc_now
from monitor.platforms.transport import READ_SECONDS

Write = Callable[[SendRequest], Receipt]


class BaseConnector(ABC):
    """Built per task, without a call. Every answer of `collect` is one page with the cursor that is valid after it."""

    #: As people call the platform.
    name: str

    def __init__(
        self,
        context: ChannelContext,
        budget: Budget,
        *,
        now: Callable[[], datetime] = utc_now,
        read_seconds: float = READ_SECONDS,
    ) -> None:
        self._context = context
        self._now = now
        self._open(budget, read_seconds)

    @abstractmethod
    def _open(self, budget: Budget, read_seconds: float) -> None:
        """Builds the client. No network."""

    @abstractmethod
    def streams(self) -> Sequence[str]:
        """Names of what can be polled, the most urgent first."""

    def collect(self, stream: str, cursor: Mapping[str, Any]) -> Batch:
        if stream not in self.streams():
            raise RejectedError(f"this channel has no stream {stream!r}", code="bad_request")
        return self._collect(stream, cursor)

    @abstractmethod
    def _collect(self, stream: str, cursor: Mapping[str, Any]) -> Batch:
        """One page of a stream that the channel has."""

    def send(self, request: SendRequest) -> Receipt:
        write = self._writers().get(request.kind)
        if write is None:
            raise RejectedError(f"{self.name} offers no {request.kind[:40]} to this program", code="bad_request")
        return write(request)

    def _writers(self) -> Mapping[str, Write]:
        """What can be written, by the kind of request."""
        return {}

    def _identity_notices(self, found_id: str) -> list[IncomingNotice]:
        """Whether the credentials are those of the channel's own profile."""
        if found_id == self._context.external_id:
            return []
        return [IncomingNotice("wrong_identity", {"expected": self._context.external_id, "is": found_id})]


def repeatable(write: Callable[[], object]) -> Receipt:
    """A write that changes nothing when it is done twice: doubt means no more than to do it again."""
    try:
        write()
    except UnconfirmedSendError as doubt:
        problem = UnavailableError(doubt.message, request_id=doubt.request_id)
    else:
        return Receipt("")
    raise problem
