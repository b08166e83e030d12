import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.sites import (
    CssHints,
    Site,
    SiteFileError,
    SiteIndex,
    UnknownSite,
    known_sites,
    read_site_file,
    read_sites,
    select_sites,
)
from crawler.sites.writing import appended, marked, site_table
from crawler.url import canonical_url

GOOD = """
[bode]
name = "De Bode"
domains = ["bode.example", "debode.example"]
country = "nl"
language = "nl"
feeds = ["https://www.bode.example/rss"]
delay = 2
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "sites.toml"


def test_every_outlet_that_comes_along_is_sound() -> None:
    sites = known_sites()
    assert len(sites) >= 140
    assert len({site.key for site in sites}) == len(sites)
    assert sum(site.country in ("nl", "be") for site in sites) >= 40
    assert sum(site.country not in ("nl", "be") for site in sites) >= 100
    domains = [domain for site in sites for domain in site.domains]
    assert len(set(domains)) == len(domains)
    assert all(site.country and site.language for site in sites)
    assert not any(site.verified for site in sites), "marked without anybody having seen it answer"
    lists = [url for site in sites for url in (*site.feeds, *site.sitemaps, *site.sections)]
    assert len(set(lists)) == len(lists)
    for url in (*lists, *(site.home_page for site in sites)):
        assert canonical_url(url)
        assert re.fullmatch(r"https?://[a-z0-9-]+(\.[a-z0-9-]+)+(/[!-~]*)?", url), url
    index = SiteIndex(sites)
    assert all(index.find(site.home_page) is site for site in sites)


def test_site_file(path: Path) -> None:
    path.write_text(GOOD, encoding="utf-8")
    (site,) = read_site_file(path)
    assert (site.key, site.name, site.delay, site.verified) == ("bode", "De Bode", 2.0, False)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("", "describes no outlet"),
        ("[bode\n", "not valid TOML"),
        ('name = "x"', "outside any table"),
        ("[bode]\n", "'domains' is missing"),
        ('[bode]\ndomains = "bode.example"', "not a list of texts"),
        ('[bode]\ndomains = ["https://bode.example/"]', "not a bare lower-case domain"),
        ('[bode]\ndomains = ["bode.example"]\nfeed = []', "did you mean 'feeds'?"),
        ('[bode]\ndomains = ["bode.example"]\nfeeds = ["/rss"]', "not an http(s) URL"),
        ('[bode]\ndomains = ["bode.example"]\ndelay = "1"', "not a number of seconds"),
        ('[bode]\ndomains = ["bode.example"]\ndelay = true', "not a number of seconds"),
        ('[bode]\ndomains = ["bode.example"]\nverified = 1', "not true or false"),
        ('[bode]\ndomains = ["bode.example"]\nname = 3', "put it in quotes"),
        ('[bode]\ndomains = ["bode.example"]\nlanguage = "Dutch"', "a bare lower-case code such as 'nl'"),
        ('[bode]\ndomains = ["bode.example"]\nhome = "bode.example"', "write it in full"),
        ('[bode]\ndomains = ["bode.example"]\nsections = ["/nieuws"]', "write it in full"),
        ('[bode]\ndomains = ["bode.example"]\ndeny = ["video"]', "begin it with / or *"),
        ('[bode]\ndomains = ["bode.example"]\ndelay = inf', "not a number of seconds"),
        ('[bode]\ndomains = ["bode.example"]\ncss = "div"', 'write e.g. css = { body = "div.article" }'),
        ('[bode]\ndomains = ["bode.example"]\ncss.body = "div["', "is not a CSS selector"),
        ('[bode]\ndomains = ["bode.example"]\ncss.bdy = "div"', "did you mean 'body'?"),
        ('[bode]\ndomains = ["bode.example"]\ncss.body = 3', "put the CSS selector in quotes"),
    ],
)
def test_mistake_is_named_with_file_and_remedy(path: Path, content: str, says: str) -> None:
    path.write_text(content, encoding="utf-8")
    with pytest.raises(SiteFileError) as raised:
        read_site_file(path)
    assert says in str(raised.value)
    assert str(path) in str(raised.value)
    assert "\n" not in str(raised.value).removesuffix("\n")


@pytest.mark.parametrize(
    ("mistake", "line"),
    [("feed = []", 10), ("feeds = [3]", 10), ('["x.example"]\ndomains = []', 10), ("[bode.css]\nbody = '['", 11)],
)
def test_mistake_is_named_with_its_line(path: Path, mistake: str, line: int) -> None:
    path.write_text(f"# krant\n{GOOD.replace('feeds', 'sitemaps')}{mistake}\n", encoding="utf-8")
    with pytest.raises(SiteFileError) as raised:
        read_site_file(path)
    assert str(raised.value).startswith(f"{path}:{line}: ")


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("[bode\n", ":1, at '[bode': not valid TOML: Expected ']'"),
        ('[bode]\ndomains = ["bode.example"]\nname = De Bode\n', ":3, key 'name': not valid TOML: Invalid value"),
        ('[bode]\nfeeds = ["https://x.example/rss"\nname = "x"', ":3, key 'name': not valid TOML: Unclosed array"),
        ("[bode]\nverified = True\n", ":2, key 'verified': not valid TOML: Invalid value"),
        ('[bode]\nname = "a"\n\nname = "b"\n', ":4, key 'name': not valid TOML: Cannot overwrite a value"),
        ("[bode]\n\n[bode]\n", ":3, at '[bode]': not valid TOML: Cannot declare ('bode',) twice"),
        ('[bode]\nname = "', ":2, key 'name': not valid TOML: "),
        (
            '[a]\ndomains = ["x.nl"]\n[b]\ndomains = ["y.nl", "x.nl"]',
            ":4: table [b], key 'domains': 'x.nl' is in table [a]",
        ),
    ],
)
def test_what_is_no_toml_is_named_with_line_key_and_remedy(path: Path, content: str, says: str) -> None:
    path.write_text(content, encoding="utf-8")
    with pytest.raises(SiteFileError) as raised:
        read_site_file(path)
    assert str(raised.value).startswith(f"{path}{says}")
    assert 'stand in "quotes"' in str(raised.value) or "take it out of one" in str(raised.value)


def test_a_byte_order_mark_is_no_mistake(path: Path) -> None:
    path.write_text("\ufeff" + GOOD.lstrip(), encoding="utf-8")
    assert [site.key for site in read_site_file(path)] == ["bode"]


def test_missing_file_is_named(path: Path) -> None:
    with pytest.raises(SiteFileError, match="cannot be read"):
        read_site_file(path)


@pytest.mark.parametrize(
    ("url", "owned"),
    [
        ("https://bode.example/x", True),
        ("https://www.bode.example:8443/x", True),
        ("https://m.debode.example/x", True),
        ("https://nietbode.example/x", False),
        ("https://bode.example.evil.example/x", False),
        ("mailto:redactie@bode.example", False),
    ],
)
def test_owns(url: str, owned: bool) -> None:
    assert Site(key="bode", name="De Bode", domains=("bode.example", "debode.example")).owns(url) is owned


def test_address_with_port_is_a_domain_of_its_own() -> None:
    site = Site(key="lokaal", name="Lokaal", domains=("127.0.0.1:8000",))
    assert site.owns("http://127.0.0.1:8000/x")
    assert not site.owns("http://127.0.0.1:8001/x")


@pytest.mark.parametrize(
    ("allow", "deny", "path", "admitted"),
    [
        ((), (), "/x", True),
        (("/nieuws/",), (), "/nieuws/1", True),
        (("/nieuws/",), (), "/sport/1", False),
        (("*.html$",), (), "/sport/1.html", True),
        (("*.html$",), (), "/sport/1.html?print", False),
        ((), ("/video/", "*/live*blog/"), "/sport/live-blog/1", False),
        ((), ("/video/",), "/nieuws/video/", True),
        (("/nieuws/",), ("*?print=",), "/nieuws/1?print=1", False),
        ((), ("/*.php$",), "/a.php", False),
        ((), ("/a.c",), "/abc", True),
    ],
)
def test_paths_allowed_and_denied(allow: tuple[str, ...], deny: tuple[str, ...], path: str, admitted: bool) -> None:
    site = Site(key="bode", name="De Bode", domains=("bode.example",), allow=allow, deny=deny)
    assert site.admits(f"https://bode.example{path}") is admitted


@given(st.text("*/ab$?.", max_size=12), st.text("/ab?.", max_size=40))
def test_any_rule_admits_or_denies(rule: str, path: str) -> None:
    site = Site(key="bode", name="De Bode", domains=("bode.example",), deny=("/" + rule,))
    assert site.admits(f"https://bode.example/{path}") in {True, False}


def test_the_index_finds_the_narrowest_outlet() -> None:
    wide = Site(key="a", name="a", domains=("a.example", "127.0.0.1:8000"))
    narrow = Site(key="b", name="b", domains=("sport.a.example",))
    index = SiteIndex([wide, narrow])
    assert index.find("https://www.sport.a.example/1") is narrow
    assert index.find("https://m.a.example/1") is wide
    assert index.find("http://127.0.0.1:8000/1") is wide
    assert index.find("http://127.0.0.1:8001/1") is None
    assert index.find("https://nota.example/1") is None


@pytest.mark.parametrize(
    ("domain", "home"),
    [
        ("bode.example", "https://www.bode.example/"),
        ("bode.co.uk", "https://www.bode.co.uk/"),
        ("nieuws.bode.example", "https://nieuws.bode.example/"),
        ("127.0.0.1:8000", "http://127.0.0.1:8000/"),
        ("127.0.0.1", "http://127.0.0.1/"),
    ],
)
def test_home_page(domain: str, home: str) -> None:
    assert Site(key="x", name="x", domains=(domain,)).home_page == home
    assert Site(key="x", name="x", domains=(domain,), home="http://x.example/nl").home_page == "http://x.example/nl"


TEXTS = st.text(max_size=20)


@given(TEXTS.filter(bool), TEXTS, st.lists(TEXTS.map("https://x.example/".__add__), max_size=3), st.booleans())
def test_what_is_written_is_read_again(key: str, name: str, urls: list[str], verified: bool) -> None:
    site = Site(
        key=key,
        name=name,
        domains=("x.example",),
        country="nl",
        language="nl",
        feeds=tuple(urls),
        deny=("/video/",),
        delay=2.5,
        css=CssHints(body="div.a > p", remove='[data-x="1"]'),
        verified=verified,
    )
    (read,) = read_sites(site_table(site), "x.toml")
    assert (read.domains, read.deny, read.delay, read.css, read.verified) == (
        site.domains,
        site.deny,
        site.delay,
        site.css,
        site.verified,
    )
    (again,) = read_sites(site_table(read), "x.toml")
    assert again == read, "written once, it stays as it is"
    if key.isprintable() and name.isprintable():
        assert (read.key, read.name) == (key, name)


def test_marking_changes_the_marks_alone() -> None:
    text = GOOD + 'verified = false # nooit gezien\r\n\n["x.nl"]\ndomains = ["x.nl"]\n[y]\nverified = true\n'
    assert marked(text, {"bode": True, "y": False}) == text.replace("= false # nooit", "= true # nooit").replace(
        "verified = true\n", "verified = false\n"
    )
    assert marked(text, {}) == text
    assert marked(text, {"bode": False, "y": True}) == text


def test_a_table_without_a_mark_gets_one_below_its_last_line() -> None:
    text = '# kop\n["x.nl"]\ndomains = [\n  "x.nl", # enig\n]\n\n# van z\n[z]\ndomains = ["z.nl"]\n[z.css]\nbody = "p"'
    assert marked(text, {"x.nl": True}) == text.replace("]\n\n# van z", "]\nverified = true\n\n# van z")
    assert marked(text, {"z": False}) == text.replace('["z.nl"]\n', '["z.nl"]\nverified = false\n')
    assert marked('[z]\ndomains = ["z.nl"]', {"z": True}) == '[z]\ndomains = ["z.nl"]\nverified = true\n'


@pytest.mark.parametrize(
    "text", ['z.domains = ["z.nl"]\n', '[z]\nname = """\nverified = false\n"""\n', "[z]\nx = [\n[1]]\n"]
)
def test_what_cannot_be_marked_stays_as_it_is(text: str) -> None:
    with pytest.raises(ValueError, match="set them by hand"):
        marked(text, {"z": True})


def test_an_outlet_is_added_at_the_end_and_never_a_second_time() -> None:
    site = Site(key="x.nl", name="X", domains=("x.nl",))
    assert appended("", site) == site_table(site)
    assert appended(GOOD, site) == f"{GOOD}\n{site_table(site)}"
    assert appended(GOOD.rstrip(), site) == f"{GOOD.rstrip()}\n\n{site_table(site)}"
    with pytest.raises(ValueError, match=r'there is a table \["x.nl"\] already'):
        appended(site_table(site), site)
    with pytest.raises(ValueError, match=r"its table \[bode\] has the domain debode.example already"):
        appended(GOOD, Site(key="y", name="Y", domains=("y.nl", "debode.example")))


def test_select() -> None:
    sites = [Site(key=k, name=k, domains=(f"{k}.example",), country=c) for k, c in (("a", "nl"), ("b", "be"))]
    assert select_sites(sites) == sites
    assert select_sites(sites, country="BE") == sites[1:]
    assert select_sites(sites, names=["www.a.example", "b"]) == sites
    with pytest.raises(UnknownSite, match=r"unknown site 'c\.example'; did you mean"):
        select_sites(sites, names=["c.example"])
    with pytest.raises(UnknownSite, match="known countries: be, nl"):
        select_sites(sites, country="xx")
