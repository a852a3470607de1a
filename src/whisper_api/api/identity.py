"""Who is asking: the person that the reverse proxy has signed in, or somebody at this very machine."""

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass

from fastapi import Request

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Address = ipaddress.IPv4Address | ipaddress.IPv6Address

# A header that starts with one of these says that the request came through something else.
_FORWARDING = (
    "forwarded", "via", "x-auth-request-", "x-email", "x-forwarded-", "x-real-ip", "x-user",
)  # fmt: skip
_LOCAL_HOSTS = {"localhost", "127.0.0.1", "[::1]"}


@dataclass(frozen=True, slots=True)
class Person:
    """``email`` and ``user`` as a trusted proxy gave them; ``local`` for a request from this machine itself."""

    email: str | None
    user: str | None
    local: bool


class Doorkeeper:
    """Tells people apart by the peer that connected and by the headers that it may set."""

    def __init__(self, trusted_proxies: Sequence[Network]) -> None:
        self._trusted = trusted_proxies

    def person(self, request: Request) -> Person:
        peer = _address(request.client.host) if request.client else None
        trusted = peer is not None and any(peer in network for network in self._trusted)
        email = _only(request, "x-email") if trusted else None
        user = _only(request, "x-user") if trusted else None
        return Person(email, user, _is_local(request, peer))


def _only(request: Request, header: str) -> str | None:
    """The header's value, where there is exactly one: a proxy that adds its own may have left a forged one in place."""
    values = request.headers.getlist(header)
    return values[0].strip() or None if len(values) == 1 else None


def _is_local(request: Request, peer: Address | None) -> bool:
    """Whether somebody at this machine asks, and not a proxy that runs on it.

    The host has to be the machine's own name as well: a web page elsewhere whose name was made to point to
    127.0.0.1 ("DNS rebinding") comes with its own. HTTP/1.0 is what NGINX speaks where it was not told to add headers.
    """
    forwarded = request.scope["http_version"] == "1.0" or any(name.startswith(_FORWARDING) for name in request.headers)
    if peer is None or not peer.is_loopback or forwarded:
        return False
    host, separator, port = request.headers.get("host", "").lower().rpartition(":")
    if not separator or not port.isdecimal():
        host = f"{host}{separator}{port}"
    return host in _LOCAL_HOSTS


def _address(host: str) -> Address | None:
    try:
        address = ipaddress.ip_address(host)
    except ValueError:  # a Unix socket has no address
        return None
    return getattr(address, "ipv4_mapped", None) or address
