"""A transport adapter for addresses that a user typed: it connects to public addresses of the internet and no other.

Whoever may add a feed could otherwise read this server's own network (cloud metadata, databases, consoles). The name
is resolved once, here, and the connection goes to what was checked: a name that changes its mind in between gains
nothing.
"""

import ipaddress
import socket
from typing import Any

from requests import RequestException
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import NameResolutionError, NewConnectionError

_NAT64 = ipaddress.ip_network("64:ff9b::/96")


class NotPublicError(RequestException):
    """The address leads into this machine, a private network, or a reserved range."""


class _Refused(Exception):
    """Goes through urllib3, which would take an OSError for a failed connection."""


def is_public(address: str) -> bool:
    """Whether an IP address, as the resolver wrote it, belongs to the public internet."""
    try:
        known = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(known, ipaddress.IPv6Address):
        inner = known.ipv4_mapped or known.sixtofour or (known.teredo[1] if known.teredo else None)
        if known in _NAT64:
            inner = ipaddress.IPv4Address(int(known) & 0xFFFF_FFFF)
        if inner is not None and not inner.is_global:
            return False
        if known.ipv4_mapped:
            return not inner.is_multicast if inner is not None else False
    return known.is_global and not known.is_multicast


def _open_public(connection: HTTPConnection) -> socket.socket:
    """Every address of the name must be public: with only one private among them the name cannot be trusted."""
    host = connection.host.strip("[]")
    try:
        found = socket.getaddrinfo(host, connection.port or 443, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as failure:
        error = failure if isinstance(failure, socket.gaierror) else socket.gaierror(socket.EAI_NONAME, "no such name")
        raise NameResolutionError(host, connection, error) from None
    addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
    if not addresses or not all(is_public(address) for address in addresses):
        raise _Refused
    failure_text = "no address"
    timeout = connection.timeout if isinstance(connection.timeout, int | float) else None
    for address in addresses:
        try:
            return socket.create_connection((address, connection.port or 443), timeout=timeout)
        except OSError as failure:
            failure_text = type(failure).__name__
    raise NewConnectionError(connection, failure_text)


class _PublicConnection(HTTPConnection):
    def _new_conn(self) -> socket.socket:
        return _open_public(self)


class _PublicSecureConnection(HTTPSConnection):
    def _new_conn(self) -> socket.socket:
        return _open_public(self)


class _PublicPool(HTTPConnectionPool):
    ConnectionCls = _PublicConnection


class _PublicSecurePool(HTTPSConnectionPool):
    ConnectionCls = _PublicSecureConnection


class PublicAdapter(HTTPAdapter):
    """Mounted on a session, it carries only what goes to the public internet. Proxies are not used: they would resolve
    the name again."""

    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        super().init_poolmanager(*args, **options)
        self.poolmanager.pool_classes_by_scheme = {"http": _PublicPool, "https": _PublicSecurePool}

    def send(self, *args: Any, **options: Any) -> Any:
        try:
            return super().send(*args, **options)
        except _Refused:
            pass
        raise NotPublicError("the address is not public")
