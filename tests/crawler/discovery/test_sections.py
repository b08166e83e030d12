from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.discovery.entries import UnreadableListing
from crawler.discovery.sections import parse_section
from crawler.url import canonical_url
from fixtures.world import WORLD

PAPER = "https://www.polderbode.example"
SECTION = f"{PAPER}/binnenland"


def page(main: str, head: str = "") -> bytes:
    menu = '<nav><a href="/binnenland">Binnenland</a><a href="/nieuws/12345/de-nieuwe-dijk">Dossier dijk</a></nav>'
    foot = '<footer><a href="/over/99887/hoe-wij-werken-aan-ons-nieuws">Hoe wij werken</a></footer>'
    return f"<html><head>{head}</head><body><header>{menu}</header><main>{main}</main>{foot}</body></html>".encode()


def card(href: str, title: str) -> str:
    return f'<article class="card"><h3><a class="card-link" href="{href}">{title}</a></h3><p>Teaser.</p></article>'


def found(body: bytes, url: str = SECTION) -> list[str]:
    return [entry.url.removeprefix(PAPER) for entry in parse_section(body, url).entries]


def test_articles_by_address_menus_left_out() -> None:
    body = page(
        card("/binnenland/2026/03/03/de-brug-is-dicht", "De brug is dicht")
        + card("/nieuws/12346/sluis-hersteld", "Sluis hersteld")
        + '<a href="/nieuws/12346/sluis-hersteld#reacties">12 reacties</a>'
        + '<a href="/nieuws/12347/veerpont"><img src="x" alt="De veerpont"></a>'
        + '<a href="https://elders.example/nieuws/12348/iets-van-een-ander">Iets van een ander</a>'
        + '<a href="/tag/bruggen-en-sluizen-in-de-polder">Bruggen en sluizen in de polder</a>'
        + '<a href="/binnenland?page=2">Meer artikelen uit het binnenland</a>'
    )
    assert found(body) == [
        "/binnenland/2026/03/03/de-brug-is-dicht",
        "/nieuws/12346/sluis-hersteld",
        "/nieuws/12347/veerpont",
    ]


def test_cards_of_one_make_vouch_for_each_other() -> None:
    cards = [card(f"/nieuws/de-brug-bij-het-dorp-{n}", f"De brug bij het dorp is dicht ({n})") for n in "abcd"]
    odd = card("/brugnieuws", "De brug gaat morgen weer open")
    assert "/brugnieuws" in found(page("".join(cards) + odd))
    alone = '<div><span><a href="/brugnieuws">De brug gaat morgen weer open</a></span></div>'
    assert "/brugnieuws" not in found(page("".join(cards) + alone))


def test_short_words_in_a_list_are_no_headlines() -> None:
    topics = "".join(
        f'<li><a href="/{word}">{word.title()}</a></li>' for word in ("sport", "cultuur", "economie", "weer")
    )
    assert found(page(f"<ul>{topics}</ul>")) == []


def test_scripts_without_spaces_have_headlines_too() -> None:
    title = "静かな港町に十年ぶりの路面電車が戻ってきた"
    assert found(page(card("/society/20260303-tram", title) + card("/society/tram-line-is-back-again", title))) == [
        "/society/20260303-tram",
        "/society/tram-line-is-back-again",
    ]


@pytest.mark.parametrize(
    ("url", "markup", "following"),
    [
        (SECTION, '<a rel="next" href="?page=2">verder</a>', f"{SECTION}?page=2"),
        (
            f"{SECTION}?page=2",
            '<a href="?page=1">1</a> <a href="?page=3">3</a> <a href="?page=9">9</a>',
            f"{SECTION}?page=3",
        ),
        (f"{SECTION}/page/2/", '<a href="/binnenland/page/3/">Volgende</a>', f"{SECTION}/page/3/"),
        (SECTION, '<a href="/sport?page=2">sport</a>', None),
        (SECTION, '<a href="https://elders.example/binnenland?page=2">2</a>', None),
        (f"{SECTION}?page=3", '<a rel="next" href="?page=2">terug</a>', None),
        (SECTION, '<a rel="next" href="/binnenland">zelfde</a>', None),
        (SECTION, '<a href="?offset=20">Meer nieuws</a>', f"{SECTION}?offset=20"),
        (SECTION, '<a href="/agenda?dag=4">Volgende</a>', None),
        (SECTION, "", None),
    ],
)
def test_next_page(url: str, markup: str, following: str | None) -> None:
    assert parse_section(page(markup), url).next_page == following


def test_next_page_in_the_head() -> None:
    assert (
        parse_section(page("", '<link rel="next" href="/binnenland/page/2">'), SECTION).next_page == f"{SECTION}/page/2"
    )


@pytest.mark.parametrize(
    "name",
    ["www.noorderkoerier.example/economie", "www.stadsbode.example/page/2", "www.meridianpost.example/en"],
)
def test_sections_of_the_fixtures(name: str) -> None:
    body = (WORLD / f"{name}.html").read_bytes()
    links = [
        canonical_url(entry.url).removeprefix("http://") for entry in parse_section(body, f"http://{name}").entries
    ]
    assert len(links) >= 3
    for link in links:
        assert "rejected" not in Path(WORLD / f"{link}.expected.json").read_text(), link


def test_nothing_is_no_page() -> None:
    with pytest.raises(UnreadableListing, match="not a page"):
        parse_section(b" \n", SECTION)


@given(st.lists(st.text(alphabet="</>a href=\"'#?:0123456789bcdefg\n", max_size=60), max_size=8))
def test_any_mark_up_is_read(pieces: list[str]) -> None:
    try:
        section = parse_section(f"<html>{''.join(pieces)}".encode(), SECTION)
    except UnreadableListing:
        return
    assert all(entry.url.startswith(("http://", "https://")) for entry in section.entries)
    assert len({canonical_url(entry.url) for entry in section.entries}) == len(section.entries)
