"""The navigation of a page: which places are menus, which links lead to sections, which to the next page. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlsplit

from crawler.discovery.documents import text_of
from crawler.extraction.targets import brand_of, target_url
from crawler.url import InvalidURL, absolute_url, canonical_url

if TYPE_CHECKING:
    from lxml.html import HtmlElement

MOST_SECTIONS = 30
"""Section pages that a home page's navigation is read for."""

_MENU_TAGS = frozenset(["nav", "header", "footer", "menu"])
_MENU_ROLES = frozenset(["navigation", "banner", "contentinfo", "menu", "menubar", "search"])
_MENU_NAME = re.compile(
    r"(?:^|[\s_-])(?:nav|navbar|navigation|navigatie|menu|breadcrumbs?|kruimelpad|footer|masthead|topbar|toolbar|"
    r"share|sharing|social|cookie|consent|newsletter|nieuwsbrief|pagination|pager)(?:[\s_-]|$)",
    re.IGNORECASE,
)
# What menus lead to besides news, in the languages of the papers we know.
_SERVICE = re.compile(
    r"(?:^|[/._-])(?:log-?in|log-?out|inloggen|aanmelden|sign-?(?:in|up)|regist\w+|account|mijn|mein|abo\w*|subscri\w+|"
    r"shop|winkel|webshop|contact\w*|kontakt\w*|about(?:-us)?|over(?:-ons)?|impressum|imprint|privacy\w*|datenschutz\w*|"
    r"cookies?|voorwaarden|terms\w*|agb|colofon|adverteren|advertis\w+|werbung|help|hulp|hilfe|faq|klantenservice|"
    r"service|vacatures?|jobs?|karriere|newsletters?|nieuwsbrie\w+|search|zoek\w*|suche|recherche|puzzels?|puzzles?|"
    r"games?|spelletjes|weer|weather|wetter|tv-?gids|podcasts?|video\w*|epaper|e-paper|archie\w*|archiv\w*|rss|feeds?|"
    r"sitemap|tips?|apps?|partners?|kortingscodes?|deals?|auteurs?|authors?|redactie|redaktion|toestemming)(?:[/._-]|$)",
    re.IGNORECASE,
)
_FILE = re.compile(r"\.(?!html?$|php$|aspx?$)\w{2,5}$", re.IGNORECASE)
_NEXT_WORDS = re.compile(
    r"(?:^|\s)(?:volgende|next|weiter|nächste|suivante?s?|siguientes?|successiv[ao]|próxim[ao]|nästa|neste|næste|"
    r"seuraava|następna|další|старше|следующая|oude(?:re)? (?:berichten|artikelen)|older(?: posts)?|meer (?:nieuws|"
    r"artikelen|laden)|load more|more (?:news|articles)|toon meer|ältere)(?:\s|$)|^[›»→>]+$",
    re.IGNORECASE,
)
_PAGE_NUMBER = re.compile(
    r"(?:/(?:page|pagina|seite|pag|p)/|[?&;](?:page|pagina|p|pg|paged|seite)=|[/_-](?:page|pagina)-?)(\d{1,5})(?=[/&#.?]|$)",
    re.IGNORECASE,
)


def in_menu(element: HtmlElement) -> bool:
    """Whether an element stands in a menu, a header or a footer of the page, by tag, role or class."""
    for above in element.iterancestors():
        if above.tag == "body":
            return False
        if above.tag in _MENU_TAGS and not _is_head_of_item(above):
            return True
        if above.get("role") in _MENU_ROLES:
            return True
        name = f"{above.get('class') or ''} {above.get('id') or ''}"
        if above.tag != "main" and _MENU_NAME.search(name):
            return True
    return False


def _is_head_of_item(element: HtmlElement) -> bool:
    """Whether a `header` or `footer` is that of an article in a list, and not of the page."""
    return any(above.tag in ("article", "li", "section", "main") for above in element.iterancestors())


def section_links(tree: HtmlElement, base: str, url: str) -> tuple[str, ...]:
    """Return the section pages that the menus of a page lead to, in their order, MOST_SECTIONS at most.

    A section has a short path that no article has, on the page's own site, and is no service of the paper. Where no
    menu leads to one, every such link of the page counts: a front page of editions is nothing but a menu.
    """
    found: dict[str, str] = {}
    outside: dict[str, str] = {}
    for link in tree.iter("a"):
        address = _section_address(link, base, url)
        if address is not None:
            (found if in_menu(link) else outside).setdefault(canonical_url(address), address)
    found.pop(canonical_url(url), None)
    outside.pop(canonical_url(url), None)
    return tuple((found or outside).values())[:MOST_SECTIONS]


def _section_address(link: HtmlElement, base: str, url: str) -> str | None:
    written = link.get("href")
    address = absolute_url(base, written) if written else None
    if address is None or brand_of(address) != brand_of(url):
        return None
    parts = urlsplit(address)
    segments = [segment for segment in parts.path.split("/") if segment]
    service = _SERVICE.search(parts.path) or _SERVICE.search((parts.hostname or "").split(".")[0])
    if not 1 <= len(segments) <= 2 or parts.query or service or _FILE.search(parts.path) or page_number(address) > 1:
        return None
    if target_url(base, url, written or "") or not 1 <= len(text_of(link).split()) <= 4:
        return None
    try:
        canonical_url(address)
    except InvalidURL:
        return None
    return address.partition("#")[0]


def page_number(url: str) -> int:
    """Return which page of a section a URL is, 1 where it does not say."""
    numbers = _PAGE_NUMBER.findall(url)
    return int(numbers[-1]) if numbers else 1


def next_page(tree: HtmlElement, base: str, url: str) -> str | None:
    """Return the page that follows this one of a section; None where the page names none.

    By rel=next, else a link that says so, else one with the next number; always on the same host, and never a lower
    page: what leads round in circles is no pagination.
    """
    own, current = url.partition("#")[0], page_number(url)
    by_relation: list[str] = []
    by_number: list[str] = []
    by_words: list[str] = []
    for link in tree.iter("link", "a"):
        written = link.get("href")
        address = absolute_url(base, written) if written and not written.startswith("#") else None
        if address is None or urlsplit(address).netloc != urlsplit(url).netloc:
            continue
        address = address.partition("#")[0]
        number = page_number(address)
        if address == own or number < current:
            continue
        if "next" in (link.get("rel") or "").lower().split():
            by_relation.append(address)
        elif link.tag == "a" and number == current + 1:
            if _PAGE_NUMBER.sub("", address).rstrip("/?") == _PAGE_NUMBER.sub("", url).rstrip("/?"):
                by_number.append(address)
        elif link.tag == "a" and number == current and _has_offset(address) and _says_next(link):
            by_words.append(address)
    return next(iter([*by_relation, *by_number, *by_words]), None)


def _says_next(link: HtmlElement) -> bool:
    said = (text_of(link), link.get("title") or "", link.get("aria-label") or "")
    return any(_NEXT_WORDS.search(text) for text in said if len(text) <= 40)


def _has_offset(url: str) -> bool:
    return any(
        name.lower() in ("offset", "start", "from", "before", "cursor", "after", "skip") and value
        for name, value in parse_qsl(urlsplit(url).query)
    )
