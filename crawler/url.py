"""What a URL means: its canonical form, the identity behind its variants, their key, and its site. Pure."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable
from functools import cache, lru_cache
from hashlib import blake2b
from unicodedata import normalize
from urllib.parse import quote, unquote_to_bytes, urljoin, urlsplit, urlunsplit

import tldextract
from w3lib.url import canonicalize_url, safe_url_string

# Parameters that say where a reader came from, never which page is meant. Whole names and prefixes only:
# a looser pattern also takes `cid` or `galleryId`, by which papers tell two articles apart.
# Sources: AdGuard's general_url.txt, ClearURLs' data.min.json, and the links in 200 papers' feeds.
_TRACKING_NAMES = frozenset(
    "_ga _gl amp at_campaign at_medium cid_source cmp cmpid dclid ecid fbclid fb_action_ids fb_action_types fbc_id "
    "fb_ref fb_source gbraid gclid gclsrc gdpr_consent guccounter guce_referrer guce_referrer_sig hsctatracking icid "
    "igsh igshid ito linkid link_source mc_cid mc_eid mibextid mkt_tok msclkid ncid ns_campaign ns_fee ns_linkname "
    "ns_mchannel ns_source oly_anon_id oly_enc_id origin_referrer pk_campaign pk_kwd ref_src ref_url referrer "
    "rss sh_kit smid smtyp soc_src soc_trk spm sr_share taid tpcc trk twclid wbraid wt_mc wt.mc_id wt_zmc xing_share "
    "xtor yclid ysclid".split()
)
_TRACKING_PREFIXES = ("utm_", "mtm_", "matomo_", "piwik_", "itm_", "hsa_", "vero_", "wt_mc_", "stm_", "ga_")
_AMP_VALUES = {"outputtype": "amp", "output": "amp", "mode": "amp", "type": "amp"}
# Sessions carried in the address, as in the Internet Archive's `surt` (IAURLCanonicalizer): `sid` only where its value
# is none by which a paper would number its stories.
_SESSION_PAIR = re.compile(
    r"(?:jsessionid|phpsessid|aspsessionid[a-z]{8}|cfid|cftoken|oscsid|zenid|sessionid|session_id|sessid)=.*"
    r"|sid=[0-9a-z]{32}",
    re.IGNORECASE,
)
_SESSION_IN_PATH = re.compile(r";jsessionid=[^/;]*|/\([a-z]\([0-9a-z]{24}\)\)(?=/)", re.IGNORECASE)
_DEFAULT_PORTS = {"http": 80, "https": 443}
_REPEATED_SLASH = re.compile(r"/{2,}")
_AMP_ENDING = re.compile(r"(?:/amp|\.amp)(?=/?$|\.html$)", re.IGNORECASE)
_CONTROL = re.compile(r"[\x00-\x1f\x7f]+")

# Nearly all links of papers: an address of which every rule of `canonical_url` would leave each character as it is.
_SETTLED = re.compile(
    r"https?://(?!.*xn--)(?!.*[/.][aA][mM][pP](?:\.[hH][tT][mM][lL])?$)"
    r"((?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63})((?:/[A-Za-z0-9][A-Za-z0-9._-]*)+)"
)
# Where a path has none of these, `identity_url` folds nothing but the host.
_FOLDED_PATH = re.compile(r"/(?:(?:amp|print)(?:/|$)|(?:index|default)\.)", re.IGNORECASE)

# What `identity_url` takes for one and the same.
_EDITION_LABELS = frozenset({"www", "m", "mobile", "amp"})
_INDEX_PAGE = re.compile(r"/(?:index|default)\.(?:s?html?|php\d?|aspx?|jsp|cfm)$", re.IGNORECASE)
_PRINT_PAIR = re.compile(
    r"(?:print|printable|printview|print_view|printerfriendly|printer_friendly|drucken)=(?:1|true|yes|y|on)?"
    r"|(?:view|mode|output|outputtype|type|format|style|layout)=print",
    re.IGNORECASE,
)
_BEYOND_ASCII = re.compile(r"(?:%[89A-Fa-f][0-9A-Fa-f])+")

# No network, no cache directory: the copy of the Public Suffix List that the package carries.
_suffixes = tldextract.TLDExtract(suffix_list_urls=(), cache_dir=None)


class InvalidURL(ValueError):
    """Not an absolute http or https URL with a host."""


@lru_cache(maxsize=50_000)
def canonical_url(url: str) -> str:
    """Return the one spelling under which a page is known.

    Lower-cases scheme and host; drops the default port, user info, fragment, tracking and session parameters, AMP
    markers, repeated and trailing slashes; sorts the query and normalises percent-encoding (RFC 3986, section 6).
    Idempotent, and the same for every order of the query's parameters. It is an address, and may be fetched.

    Raises InvalidURL where the text is not an absolute http(s) URL.
    """
    if _SETTLED.fullmatch(url):
        return url
    try:
        return _settled(_clean, url)
    except (ValueError, UnicodeError) as error:
        raise InvalidURL(f"not a valid URL: {url!r} ({error})") from error


@lru_cache(maxsize=50_000)
def identity_url(url: str) -> str:
    """Return what all variants of an address have in common: the canonical form, folded to https and the paper's www.

    Folded on top of `canonical_url`: http into https; `www.`, `m.`, `mobile.` and `amp.` before a host into nothing, a
    bare registrable domain into `www.` and it; `/index.html` and its like into their folder; a segment `amp`, a first
    or last segment `print`, and parameters that ask for a print version into nothing; Unicode into NFC. The ordinary
    address of an article, https and with www, is its own identity.

    It is a name and not an address: never to be fetched, since a paper may serve only one of its variants. The case of
    a path is kept, because servers do tell `/A` from `/a` (short keys in base 62); where they do not, rel=canonical
    says so. Idempotent, and the same for every order of the query's parameters. Raises InvalidURL.
    """
    ordinary = _SETTLED.fullmatch(url)
    if ordinary and not _FOLDED_PATH.search(ordinary[2]):
        return f"https://{_ordinary_host(ordinary[1])}{ordinary[2]}"
    return _settled(lambda address: canonical_url(_fold(address)), canonical_url(url))


def _settled(step: Callable[[str], str], url: str) -> str:
    """Apply a step until nothing changes: taking one thing away can lay bare another (an AMP ending under a slash)."""
    for _ in range(8):
        changed = step(url)
        if changed == url:
            break
        url = changed
    return url


def _clean(url: str) -> str:
    parts = urlsplit(safe_url_string(_CONTROL.sub("", url).strip()))
    scheme = parts.scheme.lower()
    if scheme not in _DEFAULT_PORTS or not parts.hostname:
        raise InvalidURL(f"not an absolute http(s) URL: {url!r}")
    host = parts.hostname.rstrip(".")
    if ":" in host:
        host = f"[{host}]"
    port = parts.port
    netloc = host if port is None or port == _DEFAULT_PORTS[scheme] else f"{host}:{port}"
    # Pair by pair as written: decoding and encoding again would lose bytes that are not UTF-8.
    query = "&".join(pair for pair in parts.query.split("&") if pair and not _is_noise(pair))
    path = _AMP_ENDING.sub("", _REPEATED_SLASH.sub("/", _SESSION_IN_PATH.sub("", parts.path)))
    canonical = canonicalize_url(urlunsplit((scheme, netloc, path, query, "")))
    scheme, netloc, path, encoded, _ = urlsplit(canonical)
    return urlunsplit((scheme, netloc, path.rstrip("/") or "/", encoded, ""))


def _is_noise(pair: str) -> bool:
    name, _, value = pair.lower().partition("=")
    return (
        name in _TRACKING_NAMES
        or name.startswith(_TRACKING_PREFIXES)
        or (name in _AMP_VALUES and value == _AMP_VALUES[name])
        or _SESSION_PAIR.fullmatch(pair) is not None
    )


def _fold(canonical: str) -> str:
    parts = urlsplit(canonical)
    host = _ordinary_host(parts.hostname or "")
    segments = [segment for segment in _INDEX_PAGE.sub("/", parts.path).split("/")[1:] if segment.lower() != "amp"]
    for end in (0, -1):
        if len(segments) > 1 and segments[end].lower() == "print":
            del segments[end]
    query = "&".join(pair for pair in parts.query.split("&") if not _PRINT_PAIR.fullmatch(pair))
    netloc = host if parts.port is None else f"{host}:{parts.port}"
    return urlunsplit(("https", netloc, _composed("/" + "/".join(segments)), _composed(query), ""))


@lru_cache(maxsize=10_000)
def _ordinary_host(host: str) -> str:
    """Return a host without the labels of its editions, and a registrable domain with `www.`."""
    if ":" in host:
        return f"[{host}]"
    domain = _site_of_host(host)
    if "." not in domain or domain.rpartition(".")[2].isdigit():
        # localhost, an IP address
        return host
    labels = [label for label in host.removesuffix(domain).split(".") if label and label not in _EDITION_LABELS]
    return ".".join([*(labels or ["www"]), domain])


def _composed(escaped: str) -> str:
    """Return a path or a query with its letters composed (NFC): a Mac's e and accent are everybody else's é."""
    if "%" not in escaped:
        return escaped
    text = _BEYOND_ASCII.sub(lambda run: unquote_to_bytes(run[0]).decode(errors="surrogateescape"), escaped)
    # What is safe in a path or a query stays; the rest is as `canonical_url` writes it.
    return quote(normalize("NFC", text).encode(errors="surrogateescape"), safe="/%:=&?~#+!$,;'@()*[]|")


def article_id(url: str) -> str:
    """Return the key of a URL: blake2b over its identity (`identity_url`), 12 bytes, as 24 hexadecimal digits.

    Raises InvalidURL as `canonical_url` does.
    """
    return blake2b(identity_url(url).encode(), digest_size=12).hexdigest()


def host_of(url: str) -> str:
    """Return the lower-case host of a URL, with its port if that is not the default one; empty if there is none."""
    try:
        parts = urlsplit(url)
        host, port = (parts.hostname or "").rstrip("."), parts.port
    except ValueError:
        return ""
    return host if port is None or port == _DEFAULT_PORTS.get(parts.scheme.lower()) else f"{host}:{port}"


@cache
def _site_of_host(host: str) -> str:
    if _is_address(host):
        return host
    # The list's default rule for a name it does not know is `*`: the last label is the suffix.
    return _suffixes(host).top_domain_under_public_suffix or ".".join(host.split(".")[-2:])


def _is_address(host: str) -> bool:
    # Of a name neither is so, and `ipaddress` is slow to say that it is none.
    if ":" not in host and not host[-1:].isdigit():
        return False
    try:
        ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return False
    return True


def site_of(url: str) -> str:
    """Return the registrable domain of a URL (`nrc.nl` for `https://www.nrc.nl/x`); the host where there is none.

    By the Public Suffix List without its private section, so that `paper.blogspot.com` belongs to `blogspot.com`.
    """
    try:
        host = (urlsplit(url).hostname or "").rstrip(".")
    except ValueError:
        return ""
    return _site_of_host(host)


def load_suffixes() -> None:
    """Read the Public Suffix List now, which the first question for a site would do: 30 to 300 ms."""
    _suffixes("")


def absolute_url(base: str, href: str) -> str | None:
    """Return the http(s) URL that `href` means on a page at `base`; None for anything else (mailto, javascript)."""
    try:
        joined = urljoin(base, _CONTROL.sub("", href).strip())
        return joined if urlsplit(joined).scheme in _DEFAULT_PORTS and urlsplit(joined).hostname else None
    except ValueError:
        return None
