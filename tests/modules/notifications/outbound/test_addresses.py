"""Which addresses may be connected to on somebody else's word."""

from ipaddress import IPv4Address, IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from src.modules.notifications.outbound import UnfitAddress, check_url, is_public

PUBLIC = ["93.184.216.34", "8.8.8.8", "172.15.255.255", "100.63.255.255", "2606:2800:220:1::1", "2a00:1450:4001::8a"]
NOT_PUBLIC = [
    "0.0.0.0",  # noqa: S104
    "10.1.2.3",
    "100.64.0.1",
    "100.100.100.200",  # metadata of a cloud
    "127.0.0.1",
    "127.255.255.254",
    "168.63.129.16",  # another's
    "169.254.169.254",  # most others'
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.192",
    "192.0.2.1",
    "192.168.1.1",
    "198.19.255.255",
    "224.0.0.1",
    "239.255.255.250",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::127.0.0.1",
    "::ffff:127.0.0.1",
    "::ffff:169.254.169.254",
    "::ffff:0:10.0.0.1",
    "64:ff9b::10.0.0.1",
    "64:ff9b:1::1",
    "100::1",
    "2001::1",
    "2001:db8::1",
    "2002:7f00:1::1",
    "3fff::1",
    "5f00::1",
    "fc00::1",
    "fd00:ec2::254",
    "fe80::1",
    "fe80::1%eth0",
    "fec0::1",
    "ff02::1",
]


@pytest.mark.parametrize("address", PUBLIC)
def test_addresses_of_the_internet_are_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize("address", NOT_PUBLIC)
def test_addresses_of_machines_near_us_are_not_public(address: str) -> None:
    assert not is_public(address)


@given(st.one_of(st.integers(0, 2**32 - 1).map(IPv4Address), st.integers(2**125, 2**126 - 1).map(IPv6Address)))
def test_nothing_is_public_that_the_standard_library_knows_better(address: IPv4Address | IPv6Address) -> None:
    if is_public(str(address)):
        assert address.is_global
        assert not address.is_multicast


@given(st.integers(0, 2**32 - 1).map(IPv4Address))
def test_an_address_in_the_clothes_of_the_newer_kind_is_as_public_as_it_is(address: IPv4Address) -> None:
    assert is_public(f"::ffff:{address}") is is_public(f"64:ff9b::{address}") is is_public(str(address))


@pytest.mark.parametrize(
    "url",
    [
        "https://shop.example/hook",
        "https://shop.example:8443/a?b=c",
        "https://93.184.216.34/",
        "https://[2606:2800::1]/x",
    ],
)
def test_addresses_over_tls_are_taken(url: str) -> None:
    check_url(url, allow_private=False)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "shop.example",
        "http://shop.example/",
        "ftp://shop.example/",
        "file:///etc/passwd",
        "https://",
        "https:///path",
        "https://user@shop.example/",
        "https://user:secret@shop.example/",
        "https://shop.example/#part",
        "https://shop.example:99999/",
        "https://shop.example:x/",
        "https://[::1/",
        "https://shop.example/a b",
        "https://shop.example/\r\nHost: other",
        "https://shop.example\\@127.0.0.1/",
        "https://sh\N{LATIN SMALL LETTER O WITH DIAERESIS}p.example/",
        "https://127.0.0.1/",
        "https://[::ffff:10.0.0.1]/",
        "https://shop.example/" + "a" * 2048,
    ],
)
def test_addresses_that_lead_astray_are_refused(url: str) -> None:
    with pytest.raises(UnfitAddress):
        check_url(url, allow_private=False)


def test_private_addresses_and_plain_http_are_taken_where_they_are_allowed() -> None:
    check_url("http://127.0.0.1:8080/", allow_private=True)
    with pytest.raises(UnfitAddress):
        check_url("gopher://127.0.0.1/", allow_private=True)
