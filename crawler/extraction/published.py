"""When an article was published and changed, by the best evidence on its page."""

from __future__ import annotations

import dataclasses
import re
from typing import TYPE_CHECKING, cast

from htmldate import find_date
from lxml import etree

from crawler.article import DatePrecision, DateSource
from crawler.extraction.dates import EARLIEST, Instant, parse, plausible
from crawler.extraction.jsonld import texts
from crawler.extraction.surroundings import behind, names_of
from crawler.extraction.text import one_line

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from lxml.html import HtmlElement

    from crawler.extraction.head import Head
    from crawler.extraction.jsonld import JsonLd
    from crawler.extraction.page import Page

# Meta names, letters only, in the order of trust: `article:published_time` is `articlepublishedtime`.
_PUBLISHED = tuple(
    "articlepublishedtime articlepublished ogarticlepublishedtime ogpublishedtime datepublished publishedtime "
    "articlepublisheddate articlepublicationdate articlepostdate articledateoriginal ogpubdate ogpublishdate "
    "publicationdate publishdate publisheddate published publishedat publishtime pubdate parselypubdate btpubdate "
    "rbpubdate sailthrudate cxenseparserecspublishtime cxenseparsepublishtime dctermsissued dcdateissued "
    "dctermsavailable dcdatepublication citationpublicationdate citationdate citationonlinedate rnewsdatepublished "
    "mediatorpublishedtime displaydate articledisplaydate".split()
)
_PERHAPS_PUBLISHED = tuple(
    "dcdate dctermsdate date articledate docdate ptime pdate dcsextarticlefirstpublished dctermscreated dccreated "
    "dcdatecreated articlecreated datecreated created".split()
)
"""Names that some publishers use for the instant of printing, of the first draft or of the last change."""
_MODIFIED = tuple(
    "articlemodifiedtime articlemodified ogupdatedtime ogmodifiedtime datemodified modifiedtime modified "
    "articlemodifieddate dctermsmodified dcdatemodified dcmodified articleupdated articleupdatedtime updatedtime "
    "dateupdated lastmodified lastmod lastupdated revisiondate".split()
)
_PROPERTIES = etree.XPath(".//*[@itemprop or @property or @pubdate]")
_LETTERS = re.compile(r"[^a-z]+")
_ASIDE = re.compile(
    r"related|recommend|teaser|card|comment|sidebar|widget|footer|most-?read|popular|latest|ticker|promo|carousel|swiper",
    re.IGNORECASE,
)
_CHANGED = re.compile(r"updat|modif|chang|edit|aktuali|gewijzigd|bijgewerkt|oppdat|opdat|uppdat|actuali|aggiorn", re.I)
_DATE_CLASS = re.compile(
    r"date|time|publi|posted|byline|meta|info|datum|fecha|fech|data|stamp|dato|heure|created", re.I
)
_URL_DAY = re.compile(
    r"[/=_.-](?P<year>(?:19|20)\d\d)"
    r"(?:(?P<month>0[1-9]|1[0-2])(?P<day>[0-2]\d|3[01])|[/_.-](?P<m>0?[1-9]|1[0-2])[/_.-](?P<d>[0-2]?\d|3[01]))(?!\d)"
)
_URL_MONTH = re.compile(r"/(?P<year>(?:19|20)\d\d)[/-]?(?P<month>0[1-9]|1[0-2])(?=/)")
_MONTH_FIRST = re.compile(r"en[-_]us", re.IGNORECASE)
_LAST_BAR = re.compile(r"[|–—•·]\s*([^|–—•·]{8,20})$")
_DIGITS_OF_A_DAY = 5
_NEAR = 250
"""Elements behind the headline in which a dateline is looked for."""
_LINE = 160
"""Characters of a line that may be a dateline."""


def published(page: Page, head: Head, data: JsonLd, *, language: str | None, now: datetime) -> Instant | None:
    """Return when the article was published; None where nothing on the page tells.

    In order: JSON-LD, meta tags, microdata and `<time>`, the dateline in words beneath the headline, the URL,
    htmldate. What is impossible or lies more than a day ahead of `now` is passed over. A later source makes an
    earlier one more exact where they agree: it adds the time to the day, or the offset to the time.
    """
    declared = [
        *_json_ld_dates(data),
        *((text, DateSource.META) for text in _metas(head, _PUBLISHED)),
        *((text, DateSource.JSON_LD) for text in (*texts(data.article.get("dateCreated")), *_media_dates(data))),
    ]
    found = [instant for text, source in declared if (instant := _read(text, source, language, now))]
    if not found or not found[0].timed or found[0].offset is None:
        month_first = _month_first(head, page)
        for texts_of, source in (
            (_marked(page.tree), DateSource.TIME),
            (_metas(head, _PERHAPS_PUBLISHED), DateSource.META),
            (_times(page.tree), DateSource.TIME),
        ):
            read = (_read(text, source, language, now, month_first) for text in texts_of)
            found.extend(instant for instant in read if instant)
    if found:
        return _refined(found)
    address = _from_url(page.url)
    for text in (*_title_tails(head), *_datelines(page.tree)):
        line = _read(text, DateSource.TIME, language, now, month_first)
        if line and _agree(line, address):
            return line
    return next((guess for guess in (address, _guessed(page, now)) if guess and plausible(guess, now)), None)


def modified(head: Head, data: JsonLd, *, since: Instant | None, language: str | None, now: datetime) -> Instant | None:
    """Return when the publisher says the article was last changed; nothing before its publication counts."""
    declared = [
        *((text, DateSource.JSON_LD) for text in texts(data.article.get("dateModified"))),
        *((text, DateSource.META) for text in _metas(head, _MODIFIED)),
    ]
    for text, source in declared:
        instant = _read(text, source, language, now)
        if instant and (since is None or instant.at.date() >= since.at.date()):
            return instant
    return None


def _json_ld_dates(data: JsonLd) -> Iterator[tuple[str, DateSource]]:
    """Yield the article's dates of publication, then those of the page and whatever else has one."""
    for node in (data.article, *data.nodes):
        if node is not data.media:
            for text in texts(node.get("datePublished")):
                yield text, DateSource.JSON_LD


def _media_dates(data: JsonLd) -> Iterator[str]:
    """Yield the dates of the page's video or gallery; its matter or not, it came with the page."""
    for name in ("datePublished", "uploadDate"):
        yield from texts(data.media.get(name))


def _metas(head: Head, names: tuple[str, ...]) -> list[str]:
    by_letters: dict[str, list[str]] = {}
    for name, values in head.metas.items():
        by_letters.setdefault(_LETTERS.sub("", name), []).extend(values)
    return [value for name in names for value in by_letters.get(name, ())]


def _read(
    text: str, source: DateSource, language: str | None, now: datetime, month_first: bool = False
) -> Instant | None:
    instant = parse(text, source, language=language, month_first=month_first)
    return instant if instant and plausible(instant, now) else None


def _refined(found: list[Instant]) -> Instant:
    """Return the first of several instants, made more exact by those that agree with it."""
    best = found[0]
    if not best.timed:
        best = next((other for other in found if other.timed and other.local.date() == best.at.date()), best)
    if best.timed and not best.offset:
        for other in found:
            if not other.timed or other.offset is None:
                continue
            if best.offset == 0 and other.offset and _minute(other.at) == _minute(best.at):
                return dataclasses.replace(best, offset=other.offset)
            if best.offset is None and _minute(other.local) == _minute(best.at):
                return dataclasses.replace(
                    best,
                    at=best.at - (other.local.replace(tzinfo=None) - other.at.replace(tzinfo=None)),
                    offset=other.offset,
                )
    return best


def _agree(line: Instant, address: Instant | None) -> bool:
    """Tell whether a date on the page may be that of an article whose URL carries a date."""
    if address is None:
        return True
    if address.precision is DatePrecision.MONTH:
        return abs((line.at - address.at).days) <= 32
    return abs((line.at - address.at).days) <= 1


def _minute(at: datetime) -> datetime:
    return at.replace(second=0, microsecond=0, tzinfo=None)


def _month_first(head: Head, page: Page) -> bool:
    """Tell whether dates in digits are read the American way."""
    locale = head.first("og:locale", "language", "content-language") or page.tree.get("lang") or ""
    return bool(_MONTH_FIRST.match(locale))


def _marked(tree: HtmlElement) -> Iterator[str]:
    """Yield the values of microdata and of `<time pubdate>`."""
    properties = cast("list[HtmlElement]", _PROPERTIES(tree))
    for element in properties:
        item = "datePublished" in element.get("itemprop", "") or (element.tag == "time" and "pubdate" in element.attrib)
        value = element.get("datetime") or element.get("content") or one_line(element.text_content()) if item else None
        if value:
            yield value
    for element in properties:
        named = "datePublished" in element.get("property", "")
        if named and (value := element.get("content") or element.get("datetime")):
            yield value


def _times(tree: HtmlElement) -> Iterator[str]:
    """Yield the `<time>` elements that are not of another article, those that say "published" first."""
    elements = [
        element for element in tree.iter("time") if not _elsewhere(element) and not _CHANGED.search(names_of(element))
    ]
    for element in sorted(elements, key=lambda element: "publish" not in names_of(element).lower()):
        if value := element.get("datetime") or one_line(element.text_content()):
            yield value


def _title_tails(head: Head) -> Iterator[str]:
    """Yield what stands behind the last bar of the page's titles, where some papers put the date of publication."""
    for title in (*head.metas.get("og:title", ()), head.title):
        tail = _LAST_BAR.search(title)
        if tail and sum(char.isdigit() for char in tail[1]) >= _DIGITS_OF_A_DAY:
            yield tail[1]


def _datelines(tree: HtmlElement) -> Iterator[str]:
    """Yield short lines with a digit that stand right behind the headline, those with a telling class first."""
    start = next(tree.iter("h1"), None)
    if start is None:
        start = next(tree.iter("h2"), None)
    lines = [
        (text, names_of(element))
        for element in (behind(start, _NEAR) if start is not None else ())
        if element.tag != "a"
        if (text := one_line(element.text)) or (text := one_line(element.tail))
        if len(text) <= _LINE and any(char.isdigit() for char in text)
    ]
    for text, names in lines:
        if _DATE_CLASS.search(names) and not _CHANGED.search(names):
            yield text
    for element in tree.xpath('.//*[contains(@class, "date") or contains(@class, "publish") or contains(@id, "date")]'):
        text = one_line(element.text_content())
        if 5 < len(text) <= _LINE and not _elsewhere(element) and not _CHANGED.search(names_of(element)):
            yield text
    for text, _ in lines:
        yield text


def _elsewhere(element: HtmlElement) -> bool:
    """Tell whether an element belongs to another article, a comment or the frame of the page."""
    return any(
        ancestor.tag in ("a", "aside", "nav", "footer", "li", "h2", "h3", "h4") or _ASIDE.search(names_of(ancestor))
        for ancestor in element.iterancestors()
        if ancestor.tag not in ("body", "html")
    )


def _from_url(url: str) -> Instant | None:
    """Return the date that a URL carries: `/2022/01/31/`, `-20220131`, or only `/2022/01/`."""
    path = re.sub(r"^[a-z]+://[^/]*", "", url)
    if match := _URL_DAY.search(path):
        return parse(f"{match['year']}-{match['month'] or match['m']}-{match['day'] or match['d']}", DateSource.URL)
    if match := _URL_MONTH.search(path):
        first = parse(f"{match['year']}-{match['month']}-01", DateSource.URL)
        return dataclasses.replace(first, precision=DatePrecision.MONTH) if first else None
    return None


def _guessed(page: Page, now: datetime) -> Instant | None:
    """Return what htmldate finds. It reads a copy: the tree is shared."""
    text = find_date(
        page.tree,
        extensive_search=False,
        original_date=True,
        outputformat="%Y-%m-%dT%H:%M:%S%z",
        min_date=EARLIEST.replace(tzinfo=None),
        max_date=now.replace(tzinfo=None),
    )
    return parse(text, DateSource.HTMLDATE) if text else None
