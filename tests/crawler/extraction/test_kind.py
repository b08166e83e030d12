"""Tests of crawler.extraction.kind: articles, and what is none."""

from typing import Any

import pytest

from crawler.article import Block, BlockType, DateSource, Kind, RejectionReason
from crawler.extraction.kind import Refusal, judge
from crawler.extraction.text import word_count
from tests.crawler.extraction.articlehtml import PROSE, SENTENCES, URL, html_page, parsed

ARTICLE: dict[str, Any] = {"@type": "NewsArticle", "headline": "Brug open"}
TEASERS = "".join(
    f'<li><a href="/nieuws/bericht-{n}00"><h2>Bericht nummer {n}</h2><p>{text}</p></a></li>'
    for n, text in enumerate(SENTENCES)
)


def verdict(
    body: str = PROSE,
    *,
    head: str = "",
    json_ld: Any = None,
    url: str = URL,
    title: str | None = "Brug open",
    shown: tuple[str, ...] = SENTENCES,
    dated_by: DateSource | None = None,
) -> Kind | RejectionReason:
    page, declarations, data = parsed(html_page(body, head=head, json_ld=json_ld), url)
    blocks = tuple(Block(type=BlockType.PARAGRAPH, text=text.strip()) for text in shown)
    words = sum(word_count(text) for text in shown)
    found = judge(page, declarations, data, title=title, body=blocks, words=words, dated_by=dated_by)
    if isinstance(found, Refusal):
        assert found.detail
        return found.reason
    return found


def test_prose_is_an_article_even_if_nothing_declares_it() -> None:
    assert verdict() is Kind.ARTICLE
    assert verdict(json_ld=ARTICLE) is Kind.ARTICLE


def test_a_news_flash_is_an_article_where_it_is_declared() -> None:
    flash = (SENTENCES[0] + SENTENCES[1],)
    assert verdict(json_ld=ARTICLE, shown=flash) is Kind.ARTICLE
    assert verdict(json_ld=ARTICLE, shown=("Meer volgt.",)) is RejectionReason.TOO_SHORT


@pytest.mark.parametrize(
    "url",
    [
        "https://www.waterbode.example/",
        "https://www.waterbode.example/binnenland",
        "https://www.waterbode.example/tag/bruggen",
        "https://www.waterbode.example/auteur/anna-de-wit",
        "https://www.waterbode.example/zoeken?q=brug",
    ],
)
def test_lists_of_pointers_are_index_pages(url: str) -> None:
    assert verdict(f"<h1>Binnenland</h1><ul>{TEASERS}</ul>", url=url) is RejectionReason.INDEX_PAGE


def test_a_collection_by_its_type_and_a_list_by_its_template() -> None:
    one = TEASERS[: TEASERS.index("</li>") + 5]
    assert verdict(f"<ul>{one}</ul>", json_ld={"@type": "CollectionPage"}) is RejectionReason.INDEX_PAGE
    listing = html_page(f"<ul>{TEASERS}</ul>").replace(b"<body>", b'<body class="archive category">')
    page, head, data = parsed(listing)
    found = judge(page, head, data, title="Regio", body=(), words=0, dated_by=None)
    assert isinstance(found, Refusal)
    assert found.reason is RejectionReason.INDEX_PAGE


def test_an_article_with_pointers_beneath_is_an_article() -> None:
    assert verdict(PROSE + f"<ul>{TEASERS}</ul>") is Kind.ARTICLE
    assert verdict(PROSE + f"<ul>{TEASERS}</ul>", url="https://www.waterbode.example/thema/brug") is Kind.ARTICLE
    assert verdict(f"<ul>{TEASERS}</ul>", url="https://www.waterbode.example/tag/x", json_ld=ARTICLE) is Kind.ARTICLE


@pytest.mark.parametrize(
    "title",
    ["Pagina niet gevonden", "404", "Seite nicht gefunden", "Page introuvable", "Error 404", "ページが見つかりません"],
)
def test_a_page_that_says_it_is_not_there(title: str) -> None:
    shown = ("Deze pagina bestaat niet of niet meer. Ga terug naar de voorpagina.",)
    assert verdict(f"<h1>{title}</h1><p>{shown[0]}</p>", title=title, shown=shown) is RejectionReason.SOFT_404


def test_an_article_about_something_not_found_is_an_article() -> None:
    assert verdict(title="Schat in de Vliet niet gevonden", json_ld=ARTICLE) is Kind.ARTICLE


def test_a_consent_wall() -> None:
    text = "Wij en onze partners gebruiken cookies. Met uw toestemming meten wij uw bezoek. Lees ons cookiebeleid."
    body = f"<h1>Uw privacy en cookies</h1><p>{text}</p><button>Akkoord</button>"
    assert verdict(body, title="Uw privacy en cookies", shown=(text,)) is RejectionReason.CONSENT_WALL
    assert verdict(PROSE + f"<div>{text}</div><button>Akkoord</button>") is Kind.ARTICLE


def test_a_wall_without_a_text() -> None:
    offer = "Verder lezen? Word abonnee. Dit artikel is alleen voor abonnees. Probeer de krant vier weken."
    paid = {**ARTICLE, "isAccessibleForFree": False}
    body = f'<h1>Brug open</h1><div class="paywall"><p>{offer}</p></div>'
    assert verdict(body, json_ld=paid, shown=()) is RejectionReason.PAYWALL
    assert verdict(body, json_ld=paid, shown=(offer,)) is RejectionReason.PAYWALL
    assert verdict(body, json_ld=paid, shown=(*SENTENCES[:2], offer)) is Kind.ARTICLE


def test_players() -> None:
    head = '<meta property="og:type" content="video.other">'
    player = "<video></video><h1>De klep gaat open</h1>"
    caption = ("In elf minuten zakt de klep van de nieuwe brug.",)
    assert verdict(player, head=head, shown=caption) is RejectionReason.VIDEO_PAGE
    assert verdict(player + PROSE, head=head) is Kind.VIDEO
    assert verdict(player + PROSE, json_ld=[ARTICLE, {"@type": "VideoObject"}]) is Kind.ARTICLE


def test_galleries() -> None:
    assert verdict(json_ld={"@type": "ImageGallery"}) is Kind.GALLERY
    assert verdict(url="https://www.waterbode.example/fotoserie/brug-100") is Kind.GALLERY
    assert verdict(json_ld={"@type": "ImageGallery"}, shown=("Een brug.",)) is RejectionReason.NOT_ARTICLE


def test_live_blogs() -> None:
    entries = "".join(f'<div class="liveblog__entry"><time>1{n}:00</time>{PROSE}</div>' for n in range(4))
    assert verdict(json_ld={"@type": "LiveBlogPosting", "headline": "Storm"}) is Kind.LIVEBLOG
    assert verdict(entries, url="https://www.waterbode.example/liveblog/storm-100") is Kind.LIVEBLOG
    assert verdict(entries) is Kind.ARTICLE
    assert verdict(entries * 2) is Kind.LIVEBLOG


def test_a_short_text_with_a_date_is_an_article() -> None:
    note = tuple(sentence.strip() for sentence in ("De brug is open. " * 8).split(". "))
    assert verdict(shown=note) is RejectionReason.NOT_ARTICLE
    assert verdict(shown=note, dated_by=DateSource.URL) is Kind.ARTICLE


@pytest.mark.parametrize("shown", [(), ("Inloggen",), ("Algemeen: 0500-123400", "Sport: 0500-123410")])
def test_pages_with_next_to_no_text(shown: tuple[str, ...]) -> None:
    assert verdict("<form><input></form>", shown=shown, title="Contact") is RejectionReason.NOT_ARTICLE


def test_no_title_at_all() -> None:
    assert verdict(title=None) is RejectionReason.NOT_ARTICLE
