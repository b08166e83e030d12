"""Is an article what the schema promises? Cleaned where that loses nothing, else rejected with the field at fault."""

from __future__ import annotations

import dataclasses
import operator
import re
import types
import typing
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import cache
from typing import TYPE_CHECKING, Any

import bson

from crawler.article import (
    SCHEMA_VERSION,
    Article,
    BlockType,
    DatePrecision,
    Outcome,
    Rejection,
    RejectionReason,
    field_names,
    field_types,
    to_document,
)
from crawler.url import InvalidURL, article_id, canonical_url, site_of
from pipelines.rules import RULES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scrapy.crawler import Crawler

MAX_DOCUMENT_BYTES = 16 * 1024 * 1024 - 256 * 1024
"""MongoDB's limit for a document (16 MiB), less what its history and its links to duplicates may still add."""

FUTURE = timedelta(days=1)
"""So far ahead a date may lie: an evening paper is dated tomorrow, and clocks and time zones differ."""

EARLIEST = datetime(1605, 1, 1, tzinfo=UTC)
"""No newspaper is older (Relation, Strasbourg)."""

# Surrogates cannot be encoded as UTF-8, and a NUL or a form feed ends a text for many a reader of it.
_UNCLEAN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")
_ALWAYS_CLEAN = frozenset({int, float, bool, type(None)})
_CONTROL = {code: " " if code in {0x0B, 0x0C, 0x0D} else None for code in (*range(9), *range(0x0B, 0x20), 0x7F)}


def validated(article: Article, *, now: datetime) -> Article | Rejection:
    """Return the article, clean and with all instants in UTC to the millisecond, or a Rejection that names the field.

    now: UTC. Control characters go, surrogate pairs become the character they stand for and lone ones U+FFFD, and a
    `modified_at` in the future becomes null; every other breach of the schema is a Rejection.
    """
    faults = [f"{path.lstrip('.')}: {what}" for path, what in _type_faults(Article, article)]
    if not faults:
        article = _cleaned(article, now)
        faults = [*_rule_faults(article, "", ""), *_contradictions(article, now)]
    if not faults:
        return article
    return Rejection(
        requested_url=article.fetch.requested_url,
        reason=RejectionReason.INVALID,
        detail="; ".join(faults[:3]) + (f"; and {len(faults) - 3} more" if len(faults) > 3 else ""),
        status=article.fetch.status,
    )


def clean_text(text: str) -> str:
    """Return a text that every reader of MongoDB can take: no control characters but tab and newline, no surrogates."""
    if _is_clean(text):
        return text
    whole = text.encode("utf-16-le", errors="surrogatepass").decode("utf-16-le", errors="replace")
    return whole.translate(_CONTROL)


def _is_clean(text: str) -> bool:
    # Nearly all are printable but for their line breaks, which is told in a third of the time.
    return text.replace("\n", " ").isprintable() or not _UNCLEAN.search(text)


def utc_milliseconds(instant: datetime) -> datetime:
    """Return an aware instant as MongoDB keeps it: in UTC, cut to the millisecond."""
    if instant.tzinfo is UTC and instant.microsecond % 1000 == 0:
        return instant
    instant = instant.astimezone(UTC)
    return instant.replace(microsecond=instant.microsecond // 1000 * 1000)


def _cleaned(article: Article, now: datetime) -> Article:
    article = _clean(article)
    if article.modified_at and article.modified_at > now + FUTURE:
        article = dataclasses.replace(article, modified_at=None)
    return article


def _clean(value: Any) -> Any:
    """Return a value with its texts clean and its instants as MongoDB keeps them; the very same where all are."""
    kind: type = type(value)
    if kind is str:
        return clean_text(value)
    if kind is tuple:
        items = tuple([_clean(item) for item in value])
        return value if all(map(operator.is_, items, value)) else items
    if names := field_names(kind):
        changed = {}
        for name in names:
            old = getattr(value, name)
            # Most are texts, and clean.
            fine = _is_clean(old) if type(old) is str else type(old) in _ALWAYS_CLEAN
            if not fine and (new := _clean(old)) is not old:
                changed[name] = new
        return dataclasses.replace(value, **changed) if changed else value
    return utc_milliseconds(value) if isinstance(value, datetime) else value


def _type_faults(hint: Any, value: Any) -> Iterator[tuple[str, str]]:
    """Yield where in a value something is of another type than it should, as a path from there, and what it is."""
    optional, many, hint = _shape(hint)
    if optional and value is None:
        return
    if many:
        if not isinstance(value, tuple):
            yield "", f"{type(value).__name__} instead of a tuple"
            return
        for number, item in enumerate(value):
            for path, what in _type_faults(hint, item):
                yield f"[{number}]{path}", what
    elif not _is_a(hint, value):
        yield "", f"{type(value).__name__} instead of {hint.__name__}"
    elif field_names(hint):
        for name, inner, right in _fields_of(hint):
            item = getattr(value, name)
            # Most are, and a generator for each would take twice as long.
            if type(item) not in right:
                for path, what in _type_faults(inner, item):
                    yield f".{name}{path}", what
    elif hint is datetime and not _has_place_in_utc(value):
        yield "", f"{value} is no instant in UTC"


@cache
def _shape(hint: Any) -> tuple[bool, bool, Any]:
    """Return whether a type hint allows None, whether it is one of a tuple, and the type itself or of each element."""
    optional = typing.get_origin(hint) is types.UnionType
    if optional:
        hint = next(arg for arg in typing.get_args(hint) if arg is not type(None))
    many = typing.get_origin(hint) is tuple
    return optional, many, typing.get_args(hint)[0] if many else hint


@cache
def _fields_of(cls: type) -> tuple[tuple[str, Any, frozenset[type]], ...]:
    """Return the name and type hint of each field, and the types of which any value is right."""
    found = []
    for name, hint in field_types(cls).items():
        optional, many, inner = _shape(hint)
        needs_look = many or inner is datetime or field_names(inner)
        found.append((name, hint, frozenset((*([] if needs_look else [inner]), *([type(None)] if optional else [])))))
    return tuple(found)


def _has_place_in_utc(instant: datetime) -> bool:
    try:
        return instant.tzinfo is not None and bool(instant.astimezone(UTC))
    except OverflowError:
        return False


def _is_a(hint: Any, value: Any) -> bool:
    if type(value) is hint:
        return True
    # A truth value is an int to Python and none to MongoDB; a whole number will do for a float.
    if isinstance(value, bool):
        return hint is bool
    if issubclass(hint, StrEnum) or hint is not float:
        return isinstance(value, hint)
    return isinstance(value, (int, float))


def _rule_faults(value: Any, path: str, rule_path: str) -> Iterator[str]:
    if value is None:
        return
    if isinstance(value, tuple):
        for number, item in enumerate(value):
            yield from _rule_faults(item, f"{path}[{number}]", f"{rule_path}[]")
    elif inner := _ruled(typing.cast("type", type(value)), rule_path):
        for name, its_rule in inner:
            if (item := getattr(value, name)) is not None:
                yield from _rule_faults(item, f"{path}.{name}" if path else name, its_rule)
    elif rule := RULES.get(rule_path):
        if rule.pattern is not None and not _compiled(rule.pattern).search(value):
            yield f"{path}: {_shown(value)}" if value.strip() else f"{path}: empty"
        too_small = rule.minimum is not None and value < rule.minimum
        if too_small or (rule.maximum is not None and value > rule.maximum):
            yield f"{path}: {value} is out of range"


_compiled = cache(re.compile)


@cache
def _ruled(cls: type, rule_path: str) -> tuple[tuple[str, str], ...]:
    """Return the fields of a dataclass that a rule is about, or about what is in them, each with its path in RULES."""
    paths = {name: f"{rule_path}.{name}".lstrip(".") for name in field_names(cls)}
    return tuple((name, path) for name, path in paths.items() if any(_is_at(rule, path) for rule in RULES))


def _is_at(rule: str, path: str) -> bool:
    return rule == path or rule.startswith((f"{path}.", f"{path}["))


def _contradictions(article: Article, now: datetime) -> Iterator[str]:
    """Yield what is wrong between fields that are each right alone."""
    if article.schema != SCHEMA_VERSION:
        yield f"schema: {article.schema} instead of {SCHEMA_VERSION}"
    yield from _url_faults(article)
    yield from _date_faults(article, now)
    if not article.body:
        yield "body: empty"
    elif article.text != "\n\n".join(block.text for block in article.body):
        yield "text: not the blocks of the body joined by blank lines"
    for number, block in enumerate(article.body):
        if "\n" in block.text:
            yield f"body[{number}].text: more than one line"
        if (block.type is BlockType.HEADING) != (block.level is not None):
            yield f"body[{number}].level: {block.level} for a {block.type}"
    if not _is_small(article) and (size := len(bson.encode(to_document(article)))) > MAX_DOCUMENT_BYTES:
        yield f"text: a document of {size:,} bytes, and MongoDB takes {MAX_DOCUMENT_BYTES:,}"


def _is_small(article: Article) -> bool:
    """Whether what may be long in an article is far from MongoDB's limit, so that no document need be made to see it.

    Four bytes a character in UTF-8, the text twice, and a hundred bytes for what BSON says of an element.
    """
    texts = [article.title, article.lead or "", *article.authors, *article.keywords, *article.aliases]
    for link in article.related:
        texts += (link.label or "", link.title, link.teaser or "", link.url)
    elements = len(article.body) + len(texts)
    return 8 * len(article.text) + 4 * sum(map(len, texts)) + 100 * elements < MAX_DOCUMENT_BYTES // 4


def _url_faults(article: Article) -> Iterator[str]:
    try:
        if canonical_url(article.url) != article.url:
            yield f"url: {_shown(article.url)} is not in canonical form"
        if article.id != article_id(article.url):
            yield "id: not the key of url"
        if article.site != site_of(article.url):
            yield f"site: {_shown(article.site)} is not the site of url"
    except InvalidURL as error:
        yield f"url: {error}"
    for name, url in (("fetched_url", article.fetched_url), ("fetch.requested_url", article.fetch.requested_url)):
        try:
            canonical_url(url)
        except InvalidURL as error:
            yield f"{name}: {error}"
    for number, link in enumerate(article.related):
        try:
            if link.article_id != article_id(link.url):
                yield f"related[{number}].article_id: not the key of its url"
        except InvalidURL as error:
            yield f"related[{number}].url: {error}"


def _date_faults(article: Article, now: datetime) -> Iterator[str]:
    published = article.published_at
    if published is None:
        return
    if published > now + FUTURE:
        yield f"published_at: {published:%Y-%m-%d} lies in the future"
        return
    if published < EARLIEST:
        yield f"published_at: {published:%Y-%m-%d} is before the first newspaper"
        return
    if article.published_source is None:
        yield "published_source: missing beside published_at"
    if article.published_precision is None:
        yield "published_precision: missing beside published_at"
    # A date without a time is midnight UTC of that very day, whatever the offset.
    timed = article.published_precision in {DatePrecision.SECOND, DatePrecision.MINUTE}
    local = published + timedelta(minutes=article.published_offset or 0) if timed else published
    if article.date != f"{local:%Y-%m}":
        yield f"date: {article.date} disagrees with published_at, {local:%Y-%m} in the publisher's time zone"


def _shown(value: str) -> str:
    return repr(value if len(value) <= 100 else value[:97] + "…")


def valid(item: Outcome) -> Outcome:
    """Return an article clean and found to be what the schema promises, or the Rejection that takes its place."""
    return validated(item, now=datetime.now(UTC)) if isinstance(item, Article) else item


class ValidatePipeline:
    """Turns every article that breaks the schema into a Rejection; other outcomes pass."""

    step = staticmethod(valid)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> ValidatePipeline:
        """Build the component; it has no settings."""
        return cls()

    def process_item(self, item: Outcome) -> Outcome:
        """Return the clean article, or the Rejection that takes its place."""
        # What has its fingerprint has been through here, in a worker.
        return item if isinstance(item, Article) and item.content_hash else valid(item)
