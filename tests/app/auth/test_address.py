"""Where a request comes from, and whose word is taken for it."""

from __future__ import annotations

import pytest
from starlette.requests import Request

from app.auth.address import bucket, client_address, is_trusted
from app.settings import load_settings


def request(peer: str | None, *forwarded: str) -> Request:
    return Request(
        {
            "type": "http",
            "client": (peer, 1234) if peer is not None else None,
            "headers": [(b"x-forwarded-for", each.encode("latin-1")) for each in forwarded],
        }
    )


@pytest.mark.parametrize(
    ("peer", "forwarded", "expected"),
    [
        ("203.0.113.9", [], "203.0.113.9"),
        ("203.0.113.9", ["198.51.100.7"], "203.0.113.9"),  # a stranger's header is only a header
        ("10.0.0.1", ["198.51.100.7"], "198.51.100.7"),
        ("10.0.0.1", ["1.2.3.4, 198.51.100.7"], "198.51.100.7"),  # what the asker invented stands to the left
        ("10.0.0.1", ["1.2.3.4", "198.51.100.7"], "198.51.100.7"),  # and so in a header of its own
        ("10.0.0.1", ["198.51.100.7, 10.2.3.4"], "198.51.100.7"),  # two proxies of ours
        ("10.0.0.1", ["10.5.5.5, 10.2.3.4"], "10.5.5.5"),
        ("10.0.0.1", ["nonsense"], "10.0.0.1"),
        ("10.0.0.1", ["198.51.100.7, nonsense"], "10.0.0.1"),
        ("10.0.0.1", [""], "10.0.0.1"),
        ("::ffff:10.0.0.1", ["2001:db8::7"], "2001:db8::7"),
        ("::ffff:203.0.113.9", [], "203.0.113.9"),
        ("testclient", ["198.51.100.7"], None),
        (None, ["198.51.100.7"], None),
    ],
)
def test_the_nearest_hop_that_is_not_ours(
    peer: str | None, forwarded: list[str], expected: str | None
) -> None:
    found = client_address(request(peer, *forwarded), proxies="10.0.0.0/8, ::1")
    assert (str(found) if found else None) == expected


def test_without_proxies_no_header_is_believed() -> None:
    asked = request("127.0.0.1", "198.51.100.7")
    assert str(client_address(asked, proxies="")) == "127.0.0.1"
    assert is_trusted("127.0.0.1", "") is False
    assert is_trusted("127.0.0.1", "127.0.0.1") is True


def test_one_place_is_an_address_or_what_one_subscriber_has() -> None:
    a, b, c = (
        client_address(request(peer), proxies="")
        for peer in ("2001:db8::1", "2001:db8::ffff", "2001:db8:0:1::1")
    )
    assert bucket(a) == bucket(b) == "2001:db8::/64"
    assert bucket(c) != bucket(a)
    assert bucket(client_address(request("203.0.113.9"), proxies="")) == "203.0.113.9"
    assert bucket(None) is None


@pytest.mark.parametrize("text", ["", "127.0.0.1", "127.0.0.1, ::1,10.0.0.0/8", "10.1.2.3/8"])
def test_the_setting_takes_addresses_and_networks(text: str) -> None:
    assert load_settings(trusted_proxies=text).trusted_proxies == text


@pytest.mark.parametrize("text", ["*", "proxy.example", "127.0.0.1;10.0.0.1", "10.0.0.0/33"])
def test_and_nothing_that_would_trust_everybody_or_fail_later(text: str) -> None:
    with pytest.raises(ValueError, match="expected addresses or networks"):
        load_settings(trusted_proxies=text)
