"""What kind of page this is: an article, a live blog, a video, a gallery; or none, and why."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlsplit

from crawler.article import DateSource, Kind, RejectionReason
from crawler.extraction.jsonld import types_of
from crawler.extraction.paywall import declared_paid, has_wall, words_before_wall
from crawler.extraction.text import one_line
from crawler.url import absolute_url, site_of

if TYPE_CHECKING:
    from lxml.html import HtmlElement

    from crawler.article import Block
    from crawler.extraction.head import Head
    from crawler.extraction.jsonld import JsonLd
    from crawler.extraction.page import Page

FEWEST_WORDS = 20
"""Words of the shortest text that is stored: a news flash of two sentences has more."""
_FEW_WORDS = 70
"""Below this a page that nothing declares as an article is none: a form, a contact page, a caption."""
_SOME_WORDS = 250
"""Below this a page of pointers is an index even if it introduces itself with a paragraph or two."""
_MANY_POINTERS = 15
"""Headlines that link elsewhere, from which on a page without text of its own is an index whatever its URL."""

_INDEX_TYPES = frozenset(["CollectionPage", "SearchResultsPage", "ProfilePage", "ItemList", "Blog", "DataFeed"])
_OTHER_TYPES = frozenset(["AboutPage", "ContactPage", "CheckoutPage", "LoginPage", "Product", "FAQPage"])
_INDEX_PATH = re.compile(
    r"/(?:tags?|topics?|themen?|thema|tema|themes?|dossiers?|search|suche|zoeken|recherche|buscar|sok|haku|"
    r"categor(?:y|ies|ie|ia|ias)|rubrik(?:en)?|sections?|authors?|auteurs?|autor(?:en|es)?|page|seite|pagina|archive?s?)"
    r"(?:/|$)",
    re.IGNORECASE,
)
_SECTION = re.compile(r"[a-z]{2,20}")
_LIST_TEMPLATES = frozenset("archive category tag search search-results author blog paged".split())
_SEARCH_KEYS = frozenset("q s query search zoek suche keyword text".split())
_LIVE = re.compile(
    r"live-?(?:blog|ticker|stream)|news-?ticker|liveupdates?|live-updates?|minuto-a-minuto", re.IGNORECASE
)
_LIVE_ENTRY = re.compile(
    r"live-?blog.*(?:entry|item|post|update|card)|live-?(?:entry|update|post)|ticker-?(?:item|entry)", re.I
)
_GALLERY = re.compile(
    r"/(?:gallery|galleries|photo-?gallery|bilder(?:galerie|strecke)?|fotostrecke[n]?|foto-?(?:serie|galerij|galleria|s)?|"
    r"galerie|galeria|diaporama|bildserie|kuvat|pictures|slideshow)(?:/|-|$)",
    re.IGNORECASE,
)
_VIDEO_PATH = re.compile(r"/(?:video|videos|watch|mediathek|tv|player)/", re.IGNORECASE)

# A page that says nothing but that there is no page, in the languages whose wording was seen.
_NOT_FOUND = re.compile(
    r"\b404\b|not found|doesn.t exist|does not exist|"
    r"(?:page|article|story|content|site) (?:was |can ?not be |could not be |is |has been )?"
    r"(?:no longer (?:available|exists?)|removed|unavailable)|"
    r"niet gevonden|bestaat niet(?: meer)?|niet meer beschikbaar|"
    r"nicht gefunden|existiert nicht|nicht (?:mehr )?verfügbar|introuvable|n.existe (?:pas|plus)|"
    r"no (?:se ha )?encontrad[oa]|no existe|non trovat[oa]|non esiste|não encontrad[oa]|não existe|nie znaleziono|"
    r"nie istnieje|finns inte|hittades inte|finnes ikke|ikke funnet|findes ikke|ikke fundet|ei löyt(?:yn|ynyt)|"
    r"nenalezen[ao]?|neexistuje|не найдена?|не існує|не знайдено|не существует|bulunamadı|tidak ditemukan|"
    r"見つかりません|ページが存在しません|未找到|不存在|찾을 수 없|غير موجودة?",
    re.IGNORECASE,
)
_CONSENT = re.compile(
    r"cookie|consent|toestemming|einwilligung|zustimmung|datenschutz|privacy|consentement|consentimiento|consenso|"
    r"samtykke|samtycke|suostumus|zgod[ay]|souhlas|персональн|çerez|同意|クッキー",
    re.IGNORECASE,
)
_MEDIA_PAGE = frozenset(["VideoObject", "Clip", "TVEpisode", "BroadcastEvent"])
_GALLERY_TYPES = frozenset(["ImageGallery", "MediaGallery"])


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Why a page is no article."""

    reason: RejectionReason
    """From the closed list."""
    detail: str
    """The evidence, for a person."""


def judge(
    page: Page,
    head: Head,
    data: JsonLd,
    *,
    title: str | None,
    body: tuple[Block, ...],
    words: int,
    dated_by: DateSource | None,
) -> Kind | Refusal:
    """Return the kind of a page, or why it is no article.

    `words` are the words of the body, `dated_by` is the evidence for its date of publication, where there is any.
    When in doubt a page is an article: what is stored can be left out later, what is refused is gone.
    """
    dated = dated_by in (DateSource.JSON_LD, DateSource.META)
    declared = bool(data.article) or (dated and (head.first("og:type") or "article").lower() == "article")
    if not declared and (refusal := _empty_shell(page.tree, title, body, words)):
        return refusal
    if not title:
        return Refusal(reason=RejectionReason.NOT_ARTICLE, detail="no headline, no title")
    video = _is_video(page, head, data)
    if words < _FEW_WORDS and declared_paid(head, data) and has_wall(head):
        words = words_before_wall(page.tree, body)
    if words < FEWEST_WORDS:
        return _too_little(page, head, data, words, declared=declared, video=video)
    if not declared and (refusal := _index(page, data, words)):
        return refusal
    if video and words < _FEW_WORDS:
        return Refusal(reason=RejectionReason.VIDEO_PAGE, detail=f"a player and {words} words")
    if not declared and dated_by is None and words < _FEW_WORDS and not _has_paragraph(body):
        return Refusal(reason=RejectionReason.NOT_ARTICLE, detail=f"declares no article, no date, {words} words")
    if _is_liveblog(page, head, data):
        return Kind.LIVEBLOG
    if video and words < _SOME_WORDS:
        return Kind.VIDEO
    if (not data.article and types_of(data.media) & _GALLERY_TYPES) or (
        _GALLERY.search(urlsplit(page.url).path) and words < _SOME_WORDS
    ):
        return Kind.GALLERY
    return Kind.ARTICLE


def _empty_shell(tree: HtmlElement, title: str | None, body: tuple[Block, ...], words: int) -> Refusal | None:
    """Return the refusal of a page that shows a notice where an article was looked for."""
    heading = one_line(next((" ".join(h1.itertext()) for h1 in tree.iter("h1")), ""))
    for text in (title or "", heading):
        if len(text) <= 90 and words < _SOME_WORDS and _NOT_FOUND.search(text):
            return Refusal(reason=RejectionReason.SOFT_404, detail=text)
    if words < 2 * _SOME_WORDS:
        text = f"{title or ''} {heading} " + " ".join(block.text for block in body)
        said = len(_CONSENT.findall(text))
        asked = _CONSENT.search(f"{title or ''} {heading}") is not None
        if (said >= 3 or (said and words < _FEW_WORDS)) and (asked or said > words / 25) and _asks(tree):
            return Refusal(reason=RejectionReason.CONSENT_WALL, detail=f"{said} mentions in {words} words")
    return None


def _asks(tree: HtmlElement) -> bool:
    """Tell whether a page has something to press and hardly anything to read: few links, a button or a form."""
    links = sum(1 for _ in tree.iter("a"))
    return links < 25 and next(tree.iter("button", "form", "input"), None) is not None


def _too_little(page: Page, head: Head, data: JsonLd, words: int, *, declared: bool, video: bool) -> Refusal:
    """Return why there is next to no text."""
    shown = f"{words} words"
    if video:
        return Refusal(reason=RejectionReason.VIDEO_PAGE, detail=f"a player and {shown}")
    if declared_paid(head, data) or (declared and has_wall(head)):
        return Refusal(reason=RejectionReason.PAYWALL, detail=f"declared as paid, {shown}")
    if not declared and (refusal := _index(page, data, words)):
        return refusal
    if declared:
        return Refusal(reason=RejectionReason.TOO_SHORT, detail=shown)
    return Refusal(reason=RejectionReason.NOT_ARTICLE, detail=f"declares no article, {shown}")


def _index(page: Page, data: JsonLd, words: int) -> Refusal | None:
    """Return the refusal of a page of pointers to articles: told by its types, its URL and its headlines that link."""
    named = frozenset[str]().union(*map(types_of, data.nodes)) & _INDEX_TYPES
    home = _is_home(page.url)
    section = _SECTION.fullmatch(urlsplit(page.url).path.strip("/")) is not None and words < _SOME_WORDS
    listed = bool(named) or home or section or _is_list_address(page.url) or _is_list_template(page.tree)
    pointers, prose = _pointers_and_prose(page)
    enough = pointers >= (1 if named or words < _FEW_WORDS else 2)
    many = pointers >= _MANY_POINTERS and words < _SOME_WORDS and prose < FEWEST_WORDS
    if many or (listed and enough and prose < _FEW_WORDS) or (home and words < FEWEST_WORDS):
        what = ", ".join(sorted(named)) or urlsplit(page.url).path or "/"
        shown = f"{pointers} headlines that link, {prose} words of prose"
        return Refusal(reason=RejectionReason.INDEX_PAGE, detail=f"{what}: {shown}")
    return None


def _is_list_address(url: str) -> bool:
    """Tell whether a URL is that of a tag, category, author or search page."""
    parts = urlsplit(url)
    searched = any(name in _SEARCH_KEYS for name, _ in parse_qsl(parts.query))
    return searched or _INDEX_PATH.search(parts.path) is not None


def _is_home(url: str) -> bool:
    parts = urlsplit(url)
    return parts.path in ("", "/") and not parts.query


def _is_list_template(tree: HtmlElement) -> bool:
    """Tell whether WordPress made the page from a template for lists: it says so in the classes of `body`."""
    body = next(tree.iter("body"), None)
    names = frozenset((body.get("class") or "").split()) if body is not None else frozenset[str]()
    return bool(names & _LIST_TEMPLATES) and not names & {"single", "singular", "single-post"}


def _pointers_and_prose(page: Page) -> tuple[int, int]:
    """Return how many headings link to other pages of the site, and the words of paragraphs outside their boxes."""
    site = site_of(page.url)
    targets: set[str] = set()
    boxes: set[HtmlElement] = set()
    for heading in page.tree.iter("h2", "h3", "h4"):
        link = next(heading.iter("a"), None)
        if link is None:
            link = next(heading.iterancestors("a"), None)
        href = link.get("href") if link is not None else None
        url = absolute_url(page.base_url, href) if href and not href.startswith("#") else None
        if url and site_of(url) == site:
            targets.add(url)
            boxes.update(_box(heading))
    prose = 0
    for paragraph in page.tree.iter("p"):
        if not any(ancestor in boxes or ancestor.tag in _FRAME for ancestor in paragraph.iterancestors()):
            text = one_line("".join(paragraph.itertext()))
            if len(text) >= 80:
                prose += len(text.split()) if " " in text else len(text) // 2
    return len(targets), prose


_FRAME = frozenset(["nav", "footer", "a", "form", "aside", "li"])


def _box(heading: HtmlElement) -> list[HtmlElement]:
    """Return the elements around a heading that hold no other: its teaser."""
    boxes = []
    for ancestor in heading.iterancestors():
        if ancestor.tag == "body" or sum(1 for _ in ancestor.iter("h1", "h2", "h3", "h4")) > 1:
            break
        boxes.append(ancestor)
    return boxes


def _has_paragraph(body: tuple[Block, ...]) -> bool:
    """Tell whether one block is as long as the paragraphs of prose are."""
    return any(len(block.text) >= 150 for block in body)


def _is_video(page: Page, head: Head, data: JsonLd) -> bool:
    """Tell whether a player is the page's matter: its main node, its Open Graph type, or its address."""
    if data.article:
        return False
    kind = (head.first("og:type") or "").lower()
    if kind.startswith("video") or (types_of(data.media) & _MEDIA_PAGE and kind not in ("", "article")):
        return True
    return kind != "article" and (bool(_VIDEO_PATH.search(urlsplit(page.url).path)) and _has_player(page.tree))


def _has_player(tree: HtmlElement) -> bool:
    return next(tree.iter("video", "iframe"), None) is not None


def _is_liveblog(page: Page, head: Head, data: JsonLd) -> bool:
    """Tell whether a page is a live blog: by its JSON-LD, or by its address together with marked entries."""
    if "LiveBlogPosting" in types_of(data.article) or data.article.get("liveBlogUpdate"):
        return True
    names = head.names.lower()
    # The words alone first: the pattern costs a hundred times as much, and most pages have neither.
    if not ("live" in names or "ticker" in names) or not _LIVE_ENTRY.search(names):
        return False
    entries = sum(
        1
        for element in page.tree.iter("div", "article", "li", "section")
        if _LIVE_ENTRY.search(element.get("class") or "")
    )
    return entries >= 3 and (entries >= 8 or _LIVE.search(urlsplit(page.url).path) is not None)
