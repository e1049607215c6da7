"""PostgreSQL and Redis from wheels, and the supervisor that keeps every program running on one machine."""

import logging

# A one-off command shows sentences, not log lines; `run` and Django add handlers of their own.
logging.getLogger(__name__).addHandler(logging.NullHandler())
