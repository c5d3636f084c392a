"""Where a request comes from. A header is believed only from a proxy that the settings name."""

from __future__ import annotations

from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from fastapi import Request

Address = IPv4Address | IPv6Address


@lru_cache(maxsize=16)
def _networks(text: str) -> tuple[IPv4Network | IPv6Network, ...]:
    return tuple(ip_network(part.strip(), strict=False) for part in text.split(",") if part.strip())


def _parse(text: str | None) -> Address | None:
    try:
        address = ip_address((text or "").strip())
    except ValueError:
        return None
    # A dual-stack socket reports IPv4 peers as ::ffff:a.b.c.d.
    return getattr(address, "ipv4_mapped", None) or address


def _trusted(address: Address | None, proxies: str) -> bool:
    return address is not None and any(address in network for network in _networks(proxies))


def is_trusted(peer: str | None, proxies: str) -> bool:
    """Whether a peer is one of our proxies, so that its headers are believed."""
    return bool(proxies) and _trusted(_parse(peer), proxies)


def peer_of(request: Request) -> Address | None:
    """The address at the other end of the connection itself."""
    return _parse(request.client.host if request.client else None)


def client_address(request: Request, *, proxies: str) -> Address | None:
    """The asker's address: the nearest hop that is not one of ``proxies`` (addresses or networks, comma separated).

    ``X-Forwarded-For`` is read from its right end, where our own proxies write; what stands further left was sent
    by the asker and may be invented. ``None`` when the peer has no address (a Unix socket).
    """
    hop = peer_of(request)
    if not _trusted(hop, proxies):
        return hop
    forwarded = ",".join(request.headers.getlist("x-forwarded-for")).split(",")
    for part in reversed(forwarded):
        address = _parse(part)
        if address is None:
            return hop
        hop = address
        if not _trusted(hop, proxies):
            return hop
    return hop


def bucket(address: Address | None) -> str | None:
    """What counts as one place for throttling: an IPv4 address, or the /64 that one IPv6 subscriber has."""
    if isinstance(address, IPv6Address):
        return str(ip_network((address, 64), strict=False))
    return str(address) if address else None
