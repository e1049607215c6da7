"""The one error of this package: a sentence that says what to do."""


class HubModelError(ValueError):
    """A model that is to replace a head, or ours, cannot be used."""
