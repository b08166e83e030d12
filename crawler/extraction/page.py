"""A page as the extractors see it: bytes decoded and parsed once."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import cast

from lxml import etree
from lxml.html import HtmlComment, HtmlElement

from crawler.article import RejectionReason
from crawler.extraction.encoding import decode
from crawler.url import absolute_url

MAX_BYTES = 5_000_000
"""Largest payload in bytes that is parsed; the largest of 700 real article pages has 2.3 million."""
MAX_ELEMENTS = 100_000
"""Most elements of a page that is read; the largest of 700 real article pages has 10,000, the median one 700."""

_LEADING_NOISE = re.compile(rb"[\s\x00\xef\xbb\xbf\xfe\xff]*")
# Always UTF-8 to the parser: it then neither guesses nor believes what the page says of itself.
_PARSER = etree.HTMLParser(encoding="utf-8", collect_ids=False)
# One class for all elements: lxml.html's own parser calls Python code to choose a class whenever an element is
# touched, which took a tenth of the time of an extraction.
_PARSER.set_element_class_lookup(etree.ElementDefaultClassLookup(element=HtmlElement, comment=HtmlComment))
_COUNT = etree.XPath("count(//*)")
_MAGIC = (
    (b"%PDF-", "a PDF"),
    (b"\x89PNG", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"GIF8", "a GIF image"),
    (b"RIFF", "a RIFF file"),
    (b"PK\x03\x04", "a zip archive"),
    (b"\x1f\x8b", "gzip data"),
    (b"\x00\x00\x00\x18ftyp", "an MP4 video"),
    (b"ID3", "an MP3 file"),
)
_FEED = re.compile(
    rb"(?:<\?xml[^>]*>|<!--.*?-->|<\?[^>]*>|\s)*<(rss|feed|urlset|sitemapindex|svg|rdf:RDF)\b", re.DOTALL
)
_MARKUP = re.compile(
    rb"<(?:!doctype|html|head|body|title|meta|div|p|article|section|h[1-6]|a|span|table)\b", re.IGNORECASE
)


class Unreadable(ValueError):
    """The payload is no HTML page; `reason` says in which way."""

    def __init__(self, reason: RejectionReason, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One parsed page. The tree is shared by all readers of the page; whoever changes it works on a copy."""

    url: str
    """The URL that answered, after redirects."""
    base_url: str
    """What relative links are resolved against: `<base href>`, else `url`."""
    tree: HtmlElement
    """The `html` element, with everything still in it (scripts, styles, comments)."""
    encoding: str
    """The encoding the bytes were read in."""


def parse(data: bytes, url: str, *, charset: str | None = None, max_bytes: int = MAX_BYTES) -> Page:
    """Return the page that a payload holds.

    `charset` is what the HTTP header declares, or a whole Content-Type value. Raises Unreadable for an empty
    payload, one of more than `max_bytes` or MAX_ELEMENTS, and one that is no HTML.
    """
    if len(data) > max_bytes:
        raise Unreadable(RejectionReason.TOO_LARGE, f"{len(data)} bytes, the limit is {max_bytes}")
    if not data.strip(b"\x00 \t\r\n\xef\xbb\xbf"):
        raise Unreadable(RejectionReason.EMPTY, f"{len(data)} bytes, no content")
    if other := _other_format(data):
        raise Unreadable(RejectionReason.NOT_HTML, other)
    decoded = decode(data, charset)
    try:
        tree = etree.fromstring(decoded.text.encode("utf-8", "replace"), _PARSER)
    except (etree.ParserError, etree.XMLSyntaxError) as error:
        raise Unreadable(RejectionReason.NOT_HTML, f"the parser found no document ({error})") from error
    if tree is None:
        raise Unreadable(RejectionReason.NOT_HTML, "the parser found no document")
    elements = int(cast("float", _COUNT(tree)))
    if elements > MAX_ELEMENTS:
        raise Unreadable(RejectionReason.TOO_LARGE, f"{elements} elements, the limit is {MAX_ELEMENTS}")
    return Page(url=url, base_url=_base_url(tree, url), tree=tree, encoding=decoded.encoding)


def _other_format(data: bytes) -> str | None:
    """Return what the payload is, if it is not HTML."""
    noise = _LEADING_NOISE.match(data)
    start = data[noise.end() if noise else 0 : 4096]
    for magic, name in _MAGIC:
        if data.startswith(magic):
            return name
    if start[:1] in (b"{", b"[") and not _MARKUP.search(start):
        return "JSON or a script"
    if feed := _FEED.match(start):
        return f"XML ({feed[1].decode('ascii')})"
    if not _MARKUP.search(data.replace(b"\x00", b"") if b"\x00" in data[:64] else data):
        return "no HTML tag in it"
    return None


def _base_url(tree: HtmlElement, url: str) -> str:
    for base in tree.iter("base"):
        if href := base.get("href"):
            return absolute_url(url, href) or url
    return url
