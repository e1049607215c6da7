import pytest

from monitor.platforms.bluesky.session import forget_sessions


@pytest.fixture(autouse=True)
def no_session_yet():
    """Sessions outlive connectors, as a program does; each test is a program that has just started."""
    forget_sessions()
