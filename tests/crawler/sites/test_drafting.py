import pytest

from crawler.discovery.autodiscovery import Survey
from crawler.sites import read_sites
from crawler.sites.drafting import country_of, draft
from crawler.sites.writing import site_table


@pytest.mark.parametrize(
    ("domain", "declared", "country"),
    [
        ("bode.nl", "us", "nl"),
        ("bode.co.uk", None, "gb"),
        ("bode.com", "be", "be"),
        ("bode.com", "uk", "gb"),
        ("bode.news", None, None),
        ("bode.tv", "at", "at"),
        ("bode.eu", None, None),
        ("127.0.0.1:8000", None, None),
    ],
)
def test_the_country_is_that_of_the_domain_else_the_declared_one(
    domain: str, declared: str | None, country: str | None
) -> None:
    assert country_of([domain], declared) == country


@pytest.mark.parametrize(
    ("url", "asked", "domains", "home"),
    [
        ("https://www.bode.nl/", None, ("bode.nl",), None),
        ("https://www.bode.nl/", "https://bode.nl/", ("bode.nl",), None),
        ("https://www.bode.nl/nieuws", None, ("bode.nl",), "https://www.bode.nl/nieuws"),
        ("https://bode.be/", "https://debode.nl/", ("bode.be", "debode.nl"), "https://bode.be/"),
        ("http://127.0.0.1:8000/", None, ("127.0.0.1:8000",), None),
    ],
)
def test_where_a_paper_answers_is_its_home_and_where_it_was_asked_is_its_own_too(
    url: str, asked: str | None, domains: tuple[str, ...], home: str | None
) -> None:
    site = draft(url, Survey(), asked=asked)
    assert (site.key, site.domains, site.home, site.name) == (domains[0], domains, home, domains[0])
    assert site.home_page == url


def test_what_a_page_says_stays_text() -> None:
    told = Survey(name='De "Bode"\n[kwaad]\nverified = true', language="nl")
    (site,) = read_sites(site_table(draft("https://www.bode.nl/", told, feeds=["https://www.bode.nl/rss"])), "x.toml")
    assert site.name == 'De "Bode" [kwaad] verified = true'
    assert (site.key, site.language, site.feeds, site.verified) == (
        "bode.nl",
        "nl",
        ("https://www.bode.nl/rss",),
        False,
    )
