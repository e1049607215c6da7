"""The REST API: one router a subject. Every id is a string, lists go by key and not by offset, errors are problems."""

from monitor.api.rest.assembly import api

__all__ = ["api"]
