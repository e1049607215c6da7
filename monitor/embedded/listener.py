"""The address of the web pages: which host and port, and by which names it may be called."""

import errno
import socket

import psutil

from monitor.embedded.errors import EmbeddedError
from monitor.env import SettingError, read_list, read_number, read_text

FIRST_PORT = 8000
PORTS_TRIED = 200
LOOPBACK_NAMES = ("localhost", "127.0.0.1", "[::1]")


def open_listener(host: str, port: int | None) -> socket.socket:
    """A listening socket on `port`, or on the next free one from 8000 on. Raises EmbeddedError."""
    if port is not None:
        return _listen(host, port)
    for candidate in range(FIRST_PORT, FIRST_PORT + PORTS_TRIED):
        try:
            return _listen(host, candidate)
        except PortInUseError:
            continue
    raise EmbeddedError(f"No port from {FIRST_PORT} to {FIRST_PORT + PORTS_TRIED - 1} is free: set MENTIONDESK_PORT.")


class PortInUseError(EmbeddedError):
    """Somebody else listens there."""


def _listen(host: str, port: int) -> socket.socket:
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except OSError as error:
        raise EmbeddedError(f"MENTIONDESK_HOST is {host!r}, which is no address of this machine.") from error
    listener = socket.socket(family, kind, protocol)
    # A port just left by our own earlier run is free for us; one where somebody listens is not.
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(address)
        listener.listen(512)
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRINUSE:
            raise PortInUseError(
                f"Port {port} of {host} is in use: stop the program that listens there, set MENTIONDESK_PORT to "
                "another port, or leave it unset to take the next free one."
            ) from error
        raise EmbeddedError(f"Port {port} of {host} cannot be used: {error.strerror}.") from error
    return listener


def chosen_host() -> str:
    return read_text("MENTIONDESK_HOST") or "127.0.0.1"


def chosen_port() -> int | None:
    """None: take the next free one."""
    port = read_number("MENTIONDESK_PORT", 0)
    if port > 65535:
        raise SettingError(f"MENTIONDESK_PORT is {port}; the highest port is 65535.")
    return port or None


def address_of(host: str, port: int) -> str:
    """What a person types to get there."""
    if public := read_text("MENTIONDESK_PUBLIC_URL"):
        return public.rstrip("/")
    shown = "127.0.0.1" if host in ("127.0.0.1", "0.0.0.0", "::", "localhost") else host  # noqa: S104 - compared only
    return f"http://[{shown}]:{port}" if ":" in shown else f"http://{shown}:{port}"


def allowed_hosts(host: str) -> str:
    """The names by which the pages may be asked for; all of this machine's own when it is open to others."""
    if read_list("MENTIONDESK_ALLOWED_HOSTS"):
        return read_text("MENTIONDESK_ALLOWED_HOSTS")
    names = {*LOOPBACK_NAMES}
    if host not in ("127.0.0.1", "localhost", "::1"):
        names |= {host, socket.gethostname(), socket.getfqdn()}
        for addresses in psutil.net_if_addrs().values():
            for each in addresses:
                if each.family == socket.AF_INET:
                    names.add(each.address)
                elif each.family == socket.AF_INET6:
                    names.add("[" + each.address.split("%")[0] + "]")
    return ",".join(sorted(names))
