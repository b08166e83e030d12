import ipaddress
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scrapy import Request, Spider
from scrapy.crawler import Crawler
from scrapy.settings import Settings
from twisted.internet import defer
from twisted.internet.error import DNSLookupError

from crawler.politeness.perimeter import (
    CheckedResolver,
    OutOfBounds,
    Perimeter,
    address_of,
    is_local_name,
    is_public,
)
from crawler.sites import Site


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("127.0.0.1", "127.0.0.1"),
        ("2130706433", "127.0.0.1"),
        ("0x7f000001", "127.0.0.1"),
        ("0x7F.1", "127.0.0.1"),
        ("0177.0.0.1", "127.0.0.1"),
        ("017700000001", "127.0.0.1"),
        ("127.1", "127.0.0.1"),
        ("127.0.0.1.", "127.0.0.1"),
        ("0", "0.0.0.0"),
        ("0xa9fea9fe", "169.254.169.254"),
        ("[::1]", "::1"),
        ("fe80::1%eth0", "fe80::1"),
        ("93.184.216.34", "93.184.216.34"),
        ("nrc.nl", None),
        ("1.nrc.nl", None),
        ("999.1.1.1", None),
        ("0x7fzz", None),
        ("", None),
    ],
)
def test_addresses_in_every_spelling_that_resolvers_take(host: str, address: str | None) -> None:
    assert address_of(host) == (ipaddress.ip_address(address) if address else None)


@given(st.ip_addresses(v=4))
def test_an_address_means_the_same_in_every_spelling(address: ipaddress.IPv4Address) -> None:
    number = int(address)
    octal = ".".join(f"0{part:o}" for part in address.packed)
    for spelling in (str(address), str(number), hex(number), f"0{number:o}", octal):
        assert address_of(spelling) == address


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "127.255.255.254", "0.0.0.0", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254",
        "100.64.0.1", "100.127.255.254", "224.0.0.1", "239.1.1.1", "240.0.0.1", "255.255.255.255", "192.0.0.8",
        "192.0.2.1", "198.18.0.1", "198.51.100.1", "203.0.113.1",
        "::", "::1", "fe80::1", "fc00::1", "fd12:3456::1", "ff02::1", "fec0::1", "2001:db8::1",
        "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::127.0.0.1", "64:ff9b::7f00:1", "64:ff9b::a00:1", "2002:7f00:1::1",
        "2001:0:4136:e378:8000:63bf:80ff:fffe",
    ],
)  # fmt: skip
def test_what_is_not_public(address: str) -> None:
    assert not is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize(
    "address",
    [
        "93.184.216.34",
        "1.1.1.1",
        "100.63.255.255",
        "100.128.0.1",
        "2606:4700::1111",
        "64:ff9b::101:101",
        "::ffff:1.1.1.1",
    ],
)
def test_what_is_public(address: str) -> None:
    assert is_public(ipaddress.ip_address(address))


@given(st.ip_addresses(v=4))
def test_an_ipv6_address_that_carries_an_ipv4_one_is_as_public_as_that(address: ipaddress.IPv4Address) -> None:
    number = int(address)
    mapped = ipaddress.IPv6Address((0xFFFF << 32) | number)
    translated = ipaddress.IPv6Address((0x64FF9B << 96) | number)
    relayed = ipaddress.IPv6Address((0x2002 << 112) | (number << 80) | 1)
    assert {is_public(mapped), is_public(translated), is_public(relayed)} == {is_public(address)}


@pytest.mark.parametrize("host", ["localhost", "www.localhost", "nas.local", "intranet", "db.internal", "pi.home.arpa"])
def test_names_that_are_plainly_local(host: str) -> None:
    assert is_local_name(host)


class _Paper(Spider):
    name = "paper"

    def __init__(self, *domains: str) -> None:
        super().__init__()
        self.sites = [Site(key="paper", name="Paper", domains=tuple(domains))]


def perimeter(*domains: str, **settings: Any) -> Perimeter:
    crawler = Crawler(_Paper, Settings({"LOCAL_HOSTS": None, **settings}))
    crawler.spider = _Paper(*domains)
    return Perimeter.from_crawler(crawler)


def redirected(url: str, *chain: str) -> Request:
    return Request(url, meta={"redirect_urls": list(chain)} if chain else {})


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/", "http://localhost:8000/", "http://2130706433/", "http://0x7f.1/", "http://[::1]/",
        "http://[::ffff:10.0.0.1]/", "http://169.254.169.254/latest/meta-data/", "http://0/", "http://nas.local/",
        "http://017700000001/", "http://100.64.1.1/",
    ],
)  # fmt: skip
def test_local_hosts_that_nobody_named_are_refused(url: str) -> None:
    with pytest.raises(OutOfBounds, match="LOCAL_HOSTS"):
        perimeter("nrc.nl").check(redirected(url))
    with pytest.raises(OutOfBounds):
        perimeter("nrc.nl").check(redirected(url, "https://www.nrc.nl/1"))


@pytest.mark.parametrize("url", ["ftp://nrc.nl/", "file:///etc/passwd", "gopher://nrc.nl/"])
def test_what_is_no_web_server_is_refused(url: str) -> None:
    with pytest.raises(OutOfBounds):
        perimeter("nrc.nl").check(Request(url))


def test_public_hosts_need_no_leave() -> None:
    perimeter("nrc.nl").check(redirected("https://www.nrc.nl/1"))
    perimeter("nrc.nl").check(redirected("https://elders.example/1", "https://www.nrc.nl/1"))


def test_a_local_host_that_a_site_table_a_list_or_the_setting_names_may_be_asked() -> None:
    perimeter("127.0.0.5:8000").check(redirected("http://127.0.0.5:8000/rss"))
    perimeter(LOCAL_HOSTS="127.0.0.5,nas.local").check(redirected("http://nas.local/rss"))
    named = perimeter("nrc.nl")
    named.mean(["http://127.0.0.6:9/1", "no url", "https://nrc.nl/2"])
    named.check(redirected("http://127.0.0.6:9/1"))
    with pytest.raises(OutOfBounds):
        named.check(redirected("http://127.0.0.7:9/1"))


def test_from_a_local_start_redirects_lead_to_local_hosts_of_its_kind_only() -> None:
    local = perimeter("127.0.0.5:8000")
    local.check(redirected("http://localhost:8000/1", "http://127.0.0.5:8000/1"))
    for url in ("http://169.254.169.254/", "http://10.0.0.1/"):
        with pytest.raises(OutOfBounds):
            local.check(redirected(url, "http://127.0.0.5:8000/1"))


def test_a_public_name_that_resolves_into_our_network_is_refused_whoever_named_it() -> None:
    named = perimeter("rebind.example")
    named.check(redirected("http://rebind.example/"))
    for answer in ("127.0.0.1", "10.0.0.7", "169.254.169.254", "::1"):
        with pytest.raises(OutOfBounds, match="LOCAL_HOSTS"):
            named.check_answer("rebind.example", answer)
    named.check_answer("rebind.example", "93.184.216.34")
    perimeter(LOCAL_HOSTS="rebind.example").check_answer("rebind.example", "10.0.0.7")
    perimeter("localhost:8000").check_answer("localhost", "127.0.0.1")


class _Reactor:
    """What a resolver needs of a reactor: to look a name up at once, in this thread."""

    def __init__(self, answers: dict[str, Iterator[str]]) -> None:
        self.answers = answers


class _Table(CheckedResolver):
    """The resolver with a table for a network."""

    def __init__(self, answers: dict[str, Iterator[str]], checked: Perimeter) -> None:
        super().__init__(_Reactor(answers), 0, 1.0)  # type: ignore[arg-type]
        self._perimeters = lambda: [checked]

    def look_up(self, name: str, timeout: Any = ()) -> Any:
        return defer.succeed(next(self.reactor.answers[name]))  # type: ignore[attr-defined]


def result_of(deferred: Any) -> Any:
    found: list[Any] = []
    deferred.addBoth(found.append)
    return found[0]


def test_a_name_that_changes_its_answer_is_caught_at_the_second_one() -> None:
    checked = perimeter("rebind.example")
    resolver = _Table({"rebind.example": iter(["93.184.216.34", "127.0.0.1"])}, checked)
    assert result_of(resolver.getHostByName("rebind.example")) == "93.184.216.34"
    second = result_of(resolver.getHostByName("rebind.example"))
    assert second.check(DNSLookupError)
    assert checked.refused == {"rebind.example": "127.0.0.1"}
