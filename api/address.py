"""The client's address, for limits by address: the peer's, or what a trusted proxy says that it saw."""

import ipaddress
from functools import cache

from litestar.types import Scope

from domain.kit.settings import settings


@cache
def _trusted() -> tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...]:
    return tuple(ipaddress.ip_network(network) for network in settings().trusted_proxies)


def client_address(scope: Scope) -> str:
    """An IPv4 address, or the /64 of an IPv6 one: a household has a whole /64 to guess from.

    X-Forwarded-For is read from the right, and only as far as each hop is a trusted proxy: further left anybody can
    write what they like.
    """
    peer = scope.get("client")
    address = peer[0] if peer else "0.0.0.0"  # noqa: S104  a stand-in for "unknown", nothing is bound to it
    hops = [
        part.strip()
        for name, value in scope["headers"]
        if name == b"x-forwarded-for"
        for part in value.decode("latin-1").split(",")
    ]
    while hops and _is_trusted(address):
        address = hops.pop()
    try:
        parsed = _parse(address)
    except ValueError:
        return "unknown"
    if isinstance(parsed, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((parsed, 64), strict=False))
    return str(parsed)


def _parse(address: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    parsed = ipaddress.ip_address(address)
    # A socket for both families shows IPv4 clients as ::ffff:a.b.c.d: in one /64, all of them would be one client.
    return getattr(parsed, "ipv4_mapped", None) or parsed


def _is_trusted(address: str) -> bool:
    try:
        parsed = _parse(address)
    except ValueError:
        return False
    return any(parsed in network for network in _trusted() if network.version == parsed.version)
