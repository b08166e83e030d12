"""No request into our own network: names, addresses and DNS answers checked, unless the user named the host."""

from __future__ import annotations

import ipaddress
import re
import socket
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import urlsplit
from urllib.request import getproxies

from scrapy.exceptions import IgnoreRequest
from scrapy.resolver import CachingThreadedResolver
from twisted.internet.error import DNSLookupError

from crawler.politeness.turns import host_name

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scrapy import Request
    from scrapy.crawler import Crawler
    from twisted.internet.base import ReactorBase
    from twisted.internet.defer import Deferred

    from crawler.sites import Site

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_LOCAL_SUFFIXES = ("localhost", "local", "localdomain", "internal", "intranet", "lan", "home", "corp", "home.arpa")
"""Of names that no public DNS knows: RFC 6761, 6762, 8375, and those ICANN never delegates."""
_SPECIAL = tuple(ipaddress.ip_network(block) for block in ("192.0.0.0/24", "192.88.99.0/24", "3fff::/20", "5f00::/16"))
"""Blocks of IANA's registries that not every version of Python knows."""
_TRANSLATED = (
    ipaddress.ip_network("64:ff9b::/96"),
    ipaddress.ip_network("64:ff9b:1::/48"),
)
"""IPv6 addresses that stand for an IPv4 one in their last 32 bits (NAT64: RFC 6052, 8215)."""
_NUMBER = re.compile(r"(?:0x[0-9a-f]*|[0-9]+)(?:\.(?:0x[0-9a-f]*|[0-9]+)){0,3}\.?", re.IGNORECASE)


class OutOfBounds(IgnoreRequest):
    """The request would have gone into our own network, or to something that is no web server."""


def address_of(host: str) -> Address | None:
    """Return the address that a host is written as; None where it is a name.

    Also the spellings that resolvers take for addresses: `2130706433`, `0x7f.1`, `0177.0.0.1`, `[::1]`.
    """
    bare = host.strip("[]").partition("%")[0]
    try:
        return ipaddress.ip_address(bare)
    except ValueError:
        pass
    if not _NUMBER.fullmatch(host):
        return None
    try:
        return ipaddress.IPv4Address(socket.inet_aton(host.rstrip(".")))
    except OSError:
        return None


def is_public(address: Address) -> bool:
    """Whether an address belongs to the public Internet, by IANA's registries of special-purpose addresses.

    Loopback, private, link-local, shared (CGNAT), multicast, reserved and unspecified ones do not; an IPv6 address
    that carries an IPv4 one (mapped, 6to4, NAT64, Teredo) is public only if that is.
    """
    if isinstance(address, ipaddress.IPv6Address):
        if (carried := _carried(address)) is not None:
            return is_public(carried)
        if address.is_site_local:
            return False
    return address.is_global and not address.is_multicast and not any(address in block for block in _SPECIAL)


def _carried(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    if any(address in network for network in _TRANSLATED) or (int(address) >> 32 == 0 and int(address) > 1):
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    if address.teredo is not None:
        return address.teredo[1]
    return address.ipv4_mapped or address.sixtofour


def is_local_name(host: str) -> bool:
    """Whether a host is plainly local by what it is called: an address of our own network, or a name of it."""
    address = address_of(host)
    if address is not None:
        return not is_public(address)
    return "." not in host or any(host.endswith("." + suffix) for suffix in _LOCAL_SUFFIXES)


class Perimeter:
    """A Scrapy extension: knows which local hosts the user meant, and refuses the others.

    A host is meant where the user names it (a site table, a list of URLs, an argument) and it is plainly local, or
    where LOCAL_HOSTS has it. From there redirects may lead on to local hosts of its kind: from loopback to loopback.
    A public name whose DNS answer lies in our network is refused, whoever named it.
    """

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler
        self._trusted = {host.strip().lower() for host in crawler.settings.getlist("LOCAL_HOSTS")}
        self._trusted |= {name for url in getproxies().values() if (name := host_name(_with_scheme(url)))}
        self._meant: set[str] = set()
        self.refused: dict[str, str] = {}
        """Names whose DNS answer was refused, with that answer."""

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Build the extension."""
        return cls(crawler)

    def mean(self, urls: Iterable[str]) -> None:
        """Note URLs that the user names, outside the site tables; public ones need no leave."""
        self._meant.update(host for host in map(host_name, urls) if is_local_name(host))

    def check(self, request: Request) -> None:
        """Raise OutOfBounds for a request that leaves the web, or enters our network unasked."""
        parts = urlsplit(request.url)
        if parts.scheme not in ("http", "https"):
            raise OutOfBounds(f"{parts.scheme}: is not fetched, only http and https")
        host = host_name(request.url)
        if not is_local_name(host) or self.allows(host):
            return
        start = request.meta.get("redirect_urls", [request.url])[0]
        if self.allows(host_name(start)) and _same_kind(host_name(start), host):
            self._meant.add(host)
            return
        raise OutOfBounds(f"{host} is a local address; to crawl it, name it in a site table or in LOCAL_HOSTS")

    def allows(self, host: str) -> bool:
        """Whether a local host is one the user meant."""
        return host in self._meant or host in self._trusted or host in self._of_sites()

    def _of_sites(self) -> set[str]:
        """Return the local hosts in the site tables, which may grow as a crawl looks around."""
        sites: Sequence[Site] = getattr(self._crawler.spider, "sites", ())
        hosts = {host_name(f"http://{domain}/") for site in sites for domain in site.domains}
        hosts |= {host_name(url) for site in sites for url in (*site.feeds, *site.sitemaps, *site.sections)}
        return {host for host in hosts if is_local_name(host)}

    def check_answer(self, name: str, answer: str) -> None:
        """Raise OutOfBounds where a name resolves to an address of our network; `answer` is what is connected to."""
        address = address_of(answer)
        if address is None or is_public(address) or self.allows(name.lower()):
            return
        self.refused[name.lower()] = answer
        raise OutOfBounds(refusal(name, answer))


def refusal(name: str, answer: str) -> str:
    """Return why a name is not asked that resolves to an address of our network."""
    return f"{name} resolves to {answer}, a local address; if that is meant, name it in LOCAL_HOSTS"


def _same_kind(one: str, other: str) -> bool:
    """Whether two local hosts are both of this machine, or both of the network around it."""

    def is_loopback(host: str) -> bool:
        address = address_of(host)
        return address.is_loopback if address is not None else host.rsplit(".", 1)[-1] == "localhost"

    def is_link_local(host: str) -> bool:
        # Where clouds keep the credentials of their machines.
        address = address_of(host)
        return address is not None and address.is_link_local

    return is_loopback(one) == is_loopback(other) and is_link_local(one) == is_link_local(other)


def _with_scheme(proxy: str) -> str:
    return proxy if "://" in proxy else f"http://{proxy}"


class PerimeterMiddleware:
    """Refuses requests before anything else is done with them: also redirects, which come by here again."""

    def __init__(self, perimeter: Perimeter) -> None:
        self._perimeter = perimeter

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Build the middleware."""
        perimeter = crawler.get_extension(Perimeter)
        assert perimeter is not None, "Perimeter is missing from EXTENSIONS"
        return cls(perimeter)

    def process_request(self, request: Request) -> None:
        """Raise OutOfBounds where the request may not be made."""
        if not request.url.startswith("data:"):  # our own, it holds all there is to say
            self._perimeter.check(request)


class CheckedResolver(CachingThreadedResolver):
    """Scrapy's resolver, whose answers are checked: the address it gives is the one that is connected to.

    Checked each time, cached or not, so that a name cannot show one address first and another one later.
    """

    _perimeters: Callable[[], list[Perimeter]] = staticmethod(list)

    @classmethod
    def from_crawler(cls, crawler: Crawler, reactor: ReactorBase) -> Self:
        """Build the resolver as Scrapy does, which gives it the process; that has all the crawlers in it."""
        resolver = super().from_crawler(crawler, reactor)

        def perimeters() -> list[Perimeter]:
            # Extensions are built later than this.
            found = (each.get_extension(Perimeter) for each in getattr(crawler, "crawlers", [crawler]))
            return [perimeter for perimeter in found if perimeter is not None]

        resolver._perimeters = perimeters
        return resolver

    def getHostByName(self, name: str, timeout: Sequence[int] = ()) -> Deferred[str]:
        """Return the address of a host; fails with DNSLookupError, also where the address may not be asked."""
        return self.look_up(name, timeout).addCallback(self._checked, name)

    def look_up(self, name: str, timeout: Sequence[int] = ()) -> Deferred[str]:
        """Return what the system, or the cache, says is the address of a host."""
        return super().getHostByName(name, timeout)

    def _checked(self, answer: str, name: str) -> Any:
        # A host written as an address is no DNS answer, and was checked when it was asked for.
        for perimeter in self._perimeters() if address_of(name) is None else ():
            try:
                perimeter.check_answer(name, answer)
            except OutOfBounds as error:
                # The one failure that Twisted hands on quietly; the download handler says what it was.
                raise DNSLookupError(str(error)) from error
        return answer
