"""Mentiondesk: watches what people say of a brand on social media and helps its team answer well."""

__version__ = "0.1.0"
