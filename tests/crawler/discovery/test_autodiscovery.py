import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.discovery.autodiscovery import robots_sitemaps, survey, usual_feeds, usual_sitemaps

HOME = "https://www.polderbode.example/"
PAGE = """<!doctype html><html lang="nl-NL"><head><base href="/nieuws/">
<title>Het laatste nieuws | De Polderbode</title>
<link rel="alternate" type="application/rss+xml" title="Voorpagina" href="rss.xml">
<link rel="ALTERNATE feed" type="application/atom+xml; charset=utf-8" href="//feeds.polderbode.example/atom">
<link rel="alternate" type="application/feed+json" href="/feed.json">
<link rel="alternate" type="application/json" href="/feed/items">
<link rel="alternate" type="application/json" href="/wp-json/wp/v2/pages/2">
<link rel="alternate" type="text/rdf" href="/nooit">
<link rel="alternate" type="application/rdf+xml" href="/nieuws.rdf">
<link rel="alternate" type="application/rss+xml" title="Reacties op De Polderbode" href="/reacties/feed">
<link rel="alternate" type="application/rss+xml" href="/comments/feed/">
<link rel="alternate" type="application/rss+xml" href="https://podcast.example/polderbode">
<link rel="alternate" hreflang="fy" href="/fy/"><link rel="stylesheet" type="text/xml" href="/rss">
</head><body><nav><a href="/">Voorpagina</a>
<a href="/binnenland">Binnenland</a><a href="/sport/schaatsen/">Schaatsen</a>
<a href="/binnenland">Nog eens</a><a href="/inloggen">Inloggen</a><a href="/over-ons">Over ons</a>
<a href="/krant.pdf">Krant</a>
<a href="https://elders.example/nieuws">Elders</a><a href="/a/b/c">Diep</a><a href="/zoek?q=x">Zoek</a></nav>
<main>
<a href="/binnenland/12345/de-brug-bij-het-dorp-is-dicht">De brug bij het dorp is dicht</a></main></body></html>"""


@pytest.mark.parametrize(
    ("page", "language", "country"),
    [
        ('<html lang="nl-BE">', "nl", "be"),
        ('<html lang="nl"><meta property="og:locale" content="nl_NL">', "nl", "nl"),
        ('<html lang="zh-Hant-TW">', "zh", "tw"),
        ('<html lang="es-419">', "es", None),
        ('<html lang="x">', None, None),
        ("<html>", None, None),
    ],
)
def test_the_language_of_a_paper_may_tell_its_country(page: str, language: str | None, country: str | None) -> None:
    told = survey(f"{page}<body><p>Bode</p></body></html>".encode(), HOME)
    assert (told.language, told.country) == (language, country)


def test_survey() -> None:
    found = survey(PAGE.encode(), HOME)
    assert found.feeds == (
        "https://www.polderbode.example/nieuws/rss.xml",
        "https://feeds.polderbode.example/atom",
        "https://www.polderbode.example/feed.json",
        "https://www.polderbode.example/feed/items",
        "https://www.polderbode.example/nieuws.rdf",
    )
    assert found.sections == (
        "https://www.polderbode.example/binnenland",
        "https://www.polderbode.example/sport/schaatsen/",
    )
    assert (found.name, found.language) == ("De Polderbode", "nl")


def test_a_front_page_of_editions_is_a_menu() -> None:
    page = '<html><body><ul><li><a href="/en">English</a></li><li><a href="/de">Deutsch</a></li></ul></body></html>'
    assert survey(page.encode(), HOME).sections == (f"{HOME}en", f"{HOME}de")


@pytest.mark.parametrize(
    ("head", "name"),
    [
        ('<meta property="og:site_name" content=" De  Bode "><title>x</title>', "De Bode"),
        ("<title>Nieuws uit de polder - Polder Bode</title>", "Polder Bode"),
        ("<title>Krant</title>", "Krant"),
        ("", None),
    ],
)
def test_name(head: str, name: str | None) -> None:
    assert survey(f"<html><head>{head}</head><body>x</body></html>".encode(), HOME).name == name


def test_robots_txt_names_sitemaps_anywhere() -> None:
    robots = b"""\xef\xbb\xbfSitemap: https://www.polderbode.example/nieuws.xml
User-agent: *
Disallow: /intern
  sitemap :  /alles.xml   # alles
Sitemap:
SITEMAP: https://cdn.example/polder.xml.gz
Sitemap: https://www.polderbode.example/nieuws.xml
Sitemap: javascript:alert(1)
"""
    assert robots_sitemaps(robots, f"{HOME}robots.txt") == (
        "https://www.polderbode.example/nieuws.xml",
        "https://www.polderbode.example/alles.xml",
        "https://cdn.example/polder.xml.gz",
    )


def test_usual_places_are_on_the_host_itself() -> None:
    assert usual_feeds("https://www.polderbode.example/nieuws/x?y")[0] == "https://www.polderbode.example/feed"
    assert "https://www.polderbode.example/sitemap.xml" in usual_sitemaps(HOME)


@given(st.binary(max_size=400))
def test_any_page_tells_something_or_nothing(body: bytes) -> None:
    found = survey(b"<html><link rel=alternate type=application/rss+xml href=" + body, HOME)
    assert all(address.startswith("http") for address in (*found.feeds, *found.sections))
    assert all(address.startswith("http") for address in robots_sitemaps(b"Sitemap: " + body, HOME))
