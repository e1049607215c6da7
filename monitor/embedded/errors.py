"""What may go wrong around the embedded servers: always one sentence for a person."""


class EmbeddedError(Exception):
    """The servers cannot be started or reached; the message says why and what to do."""


class StopRequestedError(Exception):
    """A person or the system asked the supervisor to stop while it was still starting."""
