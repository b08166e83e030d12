"""The Article: what every other room agrees on, from extraction to the documents in MongoDB."""

from __future__ import annotations

import dataclasses
import types
import typing
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from functools import cache
from typing import Any

from crawler.url import article_id

SCHEMA_VERSION = 2
"""Version of the document layout in the collection `articles`."""


class BlockType(StrEnum):
    """What a block of the body is."""

    PARAGRAPH = "paragraph"
    HEADING = "heading"
    LIST_ITEM = "list_item"
    QUOTE = "quote"


class Kind(StrEnum):
    """What kind of page an article came from."""

    ARTICLE = "article"
    LIVEBLOG = "liveblog"
    VIDEO = "video"
    GALLERY = "gallery"


class Position(StrEnum):
    """Where a read-also link stood: between the paragraphs of the body, or after them."""

    INLINE = "inline"
    END = "end"


class Via(StrEnum):
    """How a URL was discovered."""

    FEED = "feed"
    SITEMAP = "sitemap"
    SECTION = "section"
    READ_ALSO = "read-also"
    LIST = "list"
    HTML = "html"
    WARC = "warc"
    WAYBACK = "wayback"


class DateSource(StrEnum):
    """Which evidence gave the instant of publication."""

    JSON_LD = "json-ld"
    META = "meta"
    TIME = "time"
    FEED = "feed"
    SITEMAP = "sitemap"
    URL = "url"
    HTMLDATE = "htmldate"


class DatePrecision(StrEnum):
    """How exact the instant of publication is."""

    SECOND = "second"
    MINUTE = "minute"
    DAY = "day"
    MONTH = "month"


class LanguageSource(StrEnum):
    """Who decided the language of the text."""

    DETECTED = "langdetect"
    DECLARED = "declared"
    SECOND_OPINION = "py3langid"


class RejectionReason(StrEnum):
    """Why a page that was fetched is not stored as an article."""

    NOT_HTML = "not-html"
    """The payload is not an HTML document (an image, JSON, a PDF)."""
    EMPTY = "empty"
    """Nothing in the payload."""
    TOO_LARGE = "too-large"
    """More bytes than the extractor accepts."""
    TOO_SHORT = "too-short"
    """An article page with less text than a news item has."""
    NOT_ARTICLE = "not-article"
    """A page with text that is not an article: a form, a shop, a game, an about page."""
    INDEX_PAGE = "index-page"
    """A home, section, tag or search page: pointers to articles."""
    VIDEO_PAGE = "video-page"
    """A player with a caption."""
    CONSENT_WALL = "consent-wall"
    """Only the question whether cookies are welcome."""
    PAYWALL = "paywall"
    """A subscription offer with no text of the article at all."""
    SOFT_404 = "soft-404"
    """Status 200, but the page says that there is no such page."""
    ROBOTS_TXT = "robots-txt"
    """robots.txt asks not to fetch this URL."""
    TDM_RESERVED = "tdm-reserved"
    """Its publisher reserves text and data mining, and nobody says that we have a licence (TDM_OBEY)."""
    NOARCHIVE = "noarchive"
    """It asks robots not to keep it, and NOARCHIVE_OBEY is set."""
    PRIVATE_ADDRESS = "private-address"
    """It leads into our own network, or to something that is no web server, and nobody named it."""
    OFF_SITE = "off-site"
    """A redirect led out of the sites of this crawl."""
    INVALID = "invalid"
    """The article breaks a rule of the schema; the detail says which."""
    FORGOTTEN = "forgotten"
    """Somebody asked to forget it (`scrapy forget`): never fetched, never stored again."""


class FailureReason(StrEnum):
    """Why a page could not be had, or could not be read."""

    HTTP_STATUS = "http-status"
    """An answer other than 2xx or 304; the detail is the status."""
    TIMEOUT = "timeout"
    """No whole answer in time."""
    DNS = "dns"
    """The host name has no address."""
    CONNECTION = "connection"
    """The connection was refused, reset or broken off."""
    BAD_RESPONSE = "bad-response"
    """The answer was not valid HTTP, or its body could not be decoded."""
    RESPONSE_TOO_LARGE = "response-too-large"
    """The answer exceeded DOWNLOAD_MAXSIZE."""
    REDIRECT_LOOP = "redirect-loop"
    """More redirects than REDIRECT_MAX_TIMES."""
    INVALID_URL = "invalid-url"
    """Not an absolute http or https URL."""
    UNREADABLE = "unreadable"
    """A local file that could not be read."""
    EXTRACTION_TIMEOUT = "extraction-timeout"
    """Extraction took longer than EXTRACTION_TIMEOUT."""
    EXTRACTION_CRASH = "extraction-crash"
    """The worker process died while it read the page."""
    EXTRACTION_ERROR = "extraction-error"
    """The extractor raised; the detail is the exception."""
    HOST_FAILING = "host-failing"
    """The host failed too often, or asked to be left alone for longer than the run would wait."""
    ROBOTS_UNREACHABLE = "robots-unreachable"
    """Whether robots.txt allows it cannot be told: it answered with an error, or not at all."""
    STORE = "store"
    """MongoDB refused the document; the detail says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """One block of the body, in page order."""

    type: BlockType
    """paragraph, heading (an intertitle), list_item or quote."""
    text: str
    """Its text: one line, no mark-up, never empty."""
    level: int | None = None
    """For a heading, 2 to 6 as in h2 to h6; null for every other block."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RelatedLink:
    """One read-also link of the page."""

    label: str | None
    """What announces it, without its colon: `Lees ook`. Null where the page shows none."""
    title: str
    """The headline of the link."""
    teaser: str | None = None
    """The sentence or two beneath the headline, where the page has one."""
    url: str
    """Canonical URL of the target."""
    article_id: str
    """The `_id` the target has, or will have, in `articles`."""
    position: Position
    """inline: more of the body follows; end: after the last paragraph."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """The picture that stands for the article."""

    url: str
    """Absolute URL."""
    caption: str | None = None
    """Its caption, where the page has one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Paywall:
    """Whether the text is whole."""

    declared: bool = False
    """The page says that the text is not free (schema.org isAccessibleForFree)."""
    truncated: bool = False
    """The page shows only the beginning."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rights:
    """What the publisher reserves."""

    tdm_reserved: bool | None = None
    """Text and data mining is reserved (TDMRep); null where nothing is said."""
    source: str | None = None
    """Where that was read: `meta`, `header`, `tdmrep.json`, `robots-meta`, `x-robots-tag`."""
    tdm_policy: str | None = None
    """URL under which the publisher offers a licence (TDMRep)."""
    robots: tuple[str, ...] = ()
    """Directives for robots that hold for us: `noindex`, `nofollow`, `noarchive`, `nosnippet`, `noai`, … Sorted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetch:
    """How the bytes came."""

    requested_url: str
    """The URL as discovered, before any redirect; its key names the row in `pages`."""
    via: Via
    """How it was discovered: feed, sitemap, section, read-also, list, html, warc or wayback."""
    status: int = 200
    """HTTP status of the final answer."""
    etag: str | None = None
    """ETag header as sent (RFC 9110)."""
    last_modified: str | None = None
    """Last-Modified header as sent (RFC 9110)."""
    bytes: int = 0
    """Size of the decoded payload in bytes."""
    at: datetime | None = None
    """When the answer came, UTC."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Extractor:
    """Which code read the page."""

    version: str
    """Version of leesook."""
    trafilatura: str
    """Version of trafilatura."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Article:
    """One article, as one document of the collection `articles`."""

    id: str
    """Key of the URL, the same for all its variants (`crawler.url.article_id`); `_id` in MongoDB."""
    schema: int = SCHEMA_VERSION
    """Version of this table."""
    kind: Kind = Kind.ARTICLE
    """article, liveblog, video or gallery."""
    url: str
    """Canonical URL: the page's own rel=canonical if it points into the same site, else the cleaned URL."""
    fetched_url: str
    """The URL that answered, after redirects."""
    aliases: tuple[str, ...] = ()
    """Other URLs that led here: AMP, redirects, tracking variants. Sorted."""
    site: str
    """Registrable domain: `nrc.nl`."""
    date: str | None = None
    """Month of publication, `2022-01`, in the publisher's own time zone."""
    published_at: datetime | None = None
    """Instant of publication, UTC; for a date without a time, midnight UTC of that day."""
    published_offset: int | None = None
    """The publisher's offset from UTC in minutes; null where the page names none."""
    published_source: DateSource | None = None
    """Which evidence gave it."""
    published_precision: DatePrecision | None = None
    """How exact it is."""
    modified_at: datetime | None = None
    """Last change as the publisher says it, UTC."""
    title: str
    """Headline."""
    lead: str | None = None
    """Standfirst, where the page sets one apart."""
    authors: tuple[str, ...] = ()
    """Names as the page gives them, in order."""
    section: str | None = None
    """The publisher's section."""
    keywords: tuple[str, ...] = ()
    """The publisher's keywords."""
    image: Image | None = None
    """The main picture."""
    language: str | None = None
    """ISO 639-1 code (639-3 where there is none) of the text."""
    language_confidence: float | None = None
    """Probability of that language, 0 to 1; null if it was declared."""
    language_source: LanguageSource | None = None
    """Who decided it."""
    language_declared: str | None = None
    """What the page declares, as a bare lower-case code."""
    search_language: str = "none"
    """Whose grammar MongoDB's text index follows: an ISO 639-1 code, `none` where it has no grammar of the language."""
    body: tuple[Block, ...] = ()
    """The article in blocks; no related links, captions, advertisements."""
    text: str
    """The body as plain text, blocks separated by one blank line."""
    related: tuple[RelatedLink, ...] = ()
    """The read-also links in page order."""
    word_count: int = 0
    """Words in the text."""
    content_hash: str | None = None
    """blake2b (12 bytes, hex) of the normalised text."""
    signature: str | None = None
    """MinHash of the normalised text (256 values of 16 bits, little-endian, base64); null for a short text."""
    bands: tuple[str, ...] = ()
    """Keys by which texts like this one are found; none where an earlier article has the same words."""
    duplicate_of: str | None = None
    """`_id` of the earliest article whose text this one repeats, word for word or nearly."""
    similarity: float | None = None
    """1 for the same words as that article, else the estimated share (Jaccard) of what they have in common."""
    revision: int = 1
    """1, and one more each time title, lead or text changed."""
    first_seen_at: datetime | None = None
    """When this article was first stored, UTC."""
    last_seen_at: datetime | None = None
    """When it was last found, changed or not, UTC."""
    changed_at: datetime | None = None
    """When this revision was stored, UTC."""
    paywall: Paywall = field(default_factory=Paywall)
    """Whether the text is whole."""
    rights: Rights = field(default_factory=Rights)
    """What the publisher reserves."""
    fetch: Fetch
    """How the bytes came."""
    extractor: Extractor
    """Which code read the page."""

    @property
    def page_id(self) -> str:
        """`_id` of the row in `pages` that this article settles."""
        return article_id(self.fetch.requested_url)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejection:
    """A page that was read and is no article."""

    requested_url: str
    """The URL as discovered."""
    reason: RejectionReason
    """Why, from the closed list."""
    detail: str = ""
    """The evidence, for a person."""
    status: int | None = None
    """HTTP status, where there was an answer."""

    @property
    def page_id(self) -> str:
        """`_id` of the row in `pages` that this settles."""
        return article_id(self.requested_url)


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """A page that could not be had, or could not be read."""

    requested_url: str
    """The URL as discovered."""
    reason: FailureReason
    """Why, from the closed list."""
    detail: str = ""
    """The evidence, for a person."""
    status: int | None = None
    """HTTP status, where there was an answer."""
    again_at: datetime | None = None
    """When it may be asked for again, UTC, where its host was left alone and the page never asked for."""

    @property
    def page_id(self) -> str:
        """`_id` of the row in `pages` that this settles."""
        return article_id(self.requested_url)


@dataclass(frozen=True, slots=True, kw_only=True)
class NotModified:
    """A page whose server answered 304: what we have is still what is there."""

    requested_url: str
    """The URL as discovered."""
    at: datetime
    """When the answer came, UTC."""

    @property
    def page_id(self) -> str:
        """`_id` of the row in `pages` that this settles."""
        return article_id(self.requested_url)


Outcome = Article | Rejection | Failure | NotModified
"""What the spiders give to the pipelines: each settles exactly one row of `pages`."""


_AS_THEY_ARE = frozenset({str, int, float, bool, datetime, types.NoneType})


def to_document(article: Article) -> dict[str, Any]:
    """Return the article as MongoDB stores it: plain dicts, lists and strings, `id` as `_id`."""
    document: dict[str, Any] = _plain(article)
    return {"_id": document.pop("id"), **document}


def from_document(document: dict[str, Any]) -> Article:
    """Return the Article that a document of `articles` holds; fields this version does not know are dropped.

    Raises KeyError or ValueError where a required field is missing or an enumerated one is unknown.
    """
    return typing.cast("Article", _typed(Article, {**document, "id": document["_id"]}))


def _plain(value: Any) -> Any:
    kind: type = type(value)
    if kind in _AS_THEY_ARE:
        return value
    if kind is tuple:
        return [_plain(item) for item in value]
    if isinstance(value, StrEnum):
        return str(value)
    if not (names := field_names(kind)):
        return value
    fields = {}
    for name in names:
        item = getattr(value, name)
        # Most are, and a call for each would take twice as long.
        fields[name] = item if type(item) in _AS_THEY_ARE else _plain(item)
    return fields


@cache
def field_names(cls: type) -> tuple[str, ...]:
    """Return the names of the fields of one of the dataclasses above; none for another type."""
    return tuple(f.name for f in dataclasses.fields(cls)) if dataclasses.is_dataclass(cls) else ()


@cache
def field_types(cls: type) -> dict[str, Any]:
    """Return the resolved type of each field of one of the dataclasses above."""
    hints = typing.get_type_hints(cls)
    return {f.name: hints[f.name] for f in dataclasses.fields(cls)}


def _typed(hint: Any, value: Any) -> Any:
    if value is None:
        return None
    if typing.get_origin(hint) is types.UnionType:
        hint = next(arg for arg in typing.get_args(hint) if arg is not type(None))
    if typing.get_origin(hint) is tuple:
        inner = typing.get_args(hint)[0]
        return tuple(_typed(inner, item) for item in value)
    if dataclasses.is_dataclass(hint):
        known = field_types(typing.cast("type", hint))
        return typing.cast("Any", hint)(**{k: _typed(known[k], v) for k, v in value.items() if k in known})
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        return hint(value)
    return value
