"""A made-up paper whose templates a test changes from one crawl to the next, served by the fixtures' server."""

from __future__ import annotations

import random
from enum import StrEnum
from pathlib import Path

HOST = "www.wisselbode.example"
SITE = "wisselbode.example"
ARTICLES = 16
SLUG = "over-de-brug-en-het-water-artikel"

_WORDS = (
    "de brug over het water blijft dicht omdat monteurs zoeken naar een oorzaak van de storing volgens de gemeente en "
    "het waterschap dat gisteren na een lange nacht met veel regen sprak over nieuwe plannen voor dijken en sluizen"
).split()
_WALL = (
    "<h1>Wij gebruiken cookies</h1><p>Om deze site te bekijken vragen wij toestemming voor het plaatsen van cookies. "
    "Lees meer in ons cookiebeleid.</p><button>Alle cookies accepteren</button><button>Weigeren</button>"
)


class Template(StrEnum):
    """How the paper sets its pages."""

    USUAL = "usual"
    RENAMED = "renamed body container"
    """The body moves into a container that looks like the readers' comments; a teaser stays where it was."""
    UNDATED = "date dropped"
    WALL = "consent wall for all pages"
    HALF_EMPTY = "half of the pages empty"


class Paper:
    """The files of the paper; `sites_file` lists it as an outlet."""

    def __init__(self, folder: Path) -> None:
        self.world = folder / "world"
        self._pages = self.world / HOST
        (self._pages / "nieuws").mkdir(parents=True)
        (self.world / f"{HOST}.toml").write_text("editions = [2026-03-01T06:00:00Z]\n")
        self.sites_file = folder / "sites.toml"
        self.sites_file.write_text(
            f'[wisselbode]\nname = "De Wisselbode"\ndomains = ["{SITE}"]\ncountry = "nl"\nlanguage = "nl"\n'
            f'feeds = ["http://{HOST}/rss.rss"]\nsitemaps = []\ndelay = 0.01\n'
        )
        links = "".join(f"<item><link>http://{HOST}/nieuws/{SLUG}-{n}</link></item>" for n in range(ARTICLES))
        (self._pages / "rss.rss").write_text(f'<rss version="2.0"><channel><title>b</title>{links}</channel></rss>')
        self.set(Template.USUAL, run=0)

    def set(self, template: Template, *, run: int) -> None:
        """Write every page anew; run: makes the texts differ from those of other runs, so that all are fetched."""
        for number in range(ARTICLES):
            (self._pages / "nieuws" / f"{SLUG}-{number}.html").write_text(page(template, number, run))


def page(template: Template, number: int, run: int) -> str:
    """Return the page of an article."""
    chance = random.Random(f"{number} {run}")

    def sentence(words: int) -> str:
        return " ".join(chance.choices(_WORDS, k=words)).capitalize() + "."

    title = f"Artikel {number}: {' '.join(random.Random(number).choices(_WORDS, k=4))}"
    text = "".join(f"<p>{sentence(50)}</p>" for _ in range(6))
    other = f"/nieuws/{SLUG}-{(number + 1) % ARTICLES}"
    related = f'<p><strong>Lees ook:</strong> <a href="{other}">Nog een nacht met veel regen verwacht</a></p>'
    date = '<meta property="article:published_time" content="2026-03-01T10:00:00+01:00">'
    body = f'<div class="article-body">{text}{related}</div>'
    if template is Template.RENAMED:
        body = f'<p>{sentence(45)}</p>{related}<div id="comments" class="comments-list">{text}</div>'
    elif template is Template.UNDATED:
        date = ""
    elif template is Template.HALF_EMPTY and number % 2:
        body = '<div class="article-body"></div>'
    main = f'<article><h1>{title}</h1><p class="byline">Door <span rel="author">Mies de Wit</span></p>{body}</article>'
    if template is Template.WALL:
        title, main, date = "Cookies", _WALL, ""
    author = '<meta name="author" content="Mies de Wit">' if template is not Template.WALL else ""
    return (
        f'<!doctype html><html lang="nl"><head><meta charset="utf-8"><title>{title}</title>{date}{author}'
        f'<meta property="og:type" content="article"></head><body>{main}</body></html>'
    )
