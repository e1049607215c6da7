"""The one error of this package: a sentence that says what to do."""


class HubModelError(ValueError):
    """A model that is to replace a head cannot be used."""
