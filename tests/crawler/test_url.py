import re
from hashlib import blake2b

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from crawler.url import InvalidURL, absolute_url, article_id, canonical_url, host_of, identity_url, site_of
from tests.running import ROOT

names = st.text("abcdefghijklmnopqrstuvwxyz0123456789", min_size=1, max_size=8)
hosts = st.builds("{}.{}".format, names.filter(lambda n: not n.isdigit()), st.sampled_from(["nl", "example", "co.uk"]))
queries = st.lists(st.tuples(names, st.text(max_size=6)), max_size=5)


@pytest.mark.parametrize(
    ("written", "canonical"),
    [
        ("HTTP://WWW.Krant.Example:80/a//b/../c/?b=2&a=1#lezen", "http://www.krant.example/a/c?a=1&b=2"),
        ("https://krant.example:443/x/", "https://krant.example/x"),
        ("https://krant.example:8443/x", "https://krant.example:8443/x"),
        ("https://krant.example", "https://krant.example/"),
        ("https://krant.example./x", "https://krant.example/x"),
        ("https://naam:geheim@krant.example/x", "https://krant.example/x"),
        ("https://krant.example/x?utm_source=rss&utm_medium=feed&fbclid=1", "https://krant.example/x"),
        ("https://krant.example/x?cid=42&galleryId=7", "https://krant.example/x?cid=42&galleryId=7"),
        ("https://krant.example/artikel/amp/", "https://krant.example/artikel"),
        ("https://krant.example/artikel.amp.html", "https://krant.example/artikel.html"),
        ("https://krant.example/artikel?outputType=amp", "https://krant.example/artikel"),
        ("https://krant.example/lamp", "https://krant.example/lamp"),
        ("https://krant.example/caf%c3%a9", "https://krant.example/caf%C3%A9"),
        ("https://krant.example/café", "https://krant.example/caf%C3%A9"),
        ("https://krant.example/?q=%a3", "https://krant.example/?q=%A3"),
        (" https://krant.example/x\n", "https://krant.example/x"),
        ("https://KRÄNT.example/x", "https://xn--krnt-moa.example/x"),
        ("http://[::0:1]:80/x", "http://[::1]/x"),
        ("http://127.0.0.1:8000/x/", "http://127.0.0.1:8000/x"),
    ],
)
def test_canonical_url(written: str, canonical: str) -> None:
    assert canonical_url(written) == canonical


@pytest.mark.parametrize(
    "text",
    ["", "krant.example/x", "/x", "mailto:a@b.nl", "javascript:alert(1)", "file:///etc/passwd", "http://", "http://[x"],
)
def test_what_is_no_page_address_is_refused(text: str) -> None:
    with pytest.raises(InvalidURL):
        canonical_url(text)


@given(st.text(max_size=60))
def test_canonical_url_of_any_text_is_an_address_or_refused(text: str) -> None:
    try:
        canonical = canonical_url("https://krant.example/" + text)
    except InvalidURL:
        return
    assert canonical.startswith("https://")
    assert canonical_url(canonical) == canonical
    assert canonical.isascii()


@given(
    hosts,
    st.lists(st.text("abXY019._-", min_size=1, max_size=5), max_size=3),
    st.sampled_from(["", "/", "/amp", ".amp", ".amp.html", "/AMP", "/lamp", "/x.html", "/index.html"]),
)
def test_ordinary_addresses_are_as_they_would_be_if_looked_at_closely(host: str, path: list[str], end: str) -> None:
    """Most are told by one pattern; with a fragment behind it none is, and that goes away."""
    url = f"https://www.{host}/{'/'.join(path)}{end}"
    assert canonical_url(url) == canonical_url(f"{url}#x")


@given(hosts, st.text(max_size=20), queries)
def test_canonical_url_is_idempotent(host: str, path: str, query: list[tuple[str, str]]) -> None:
    url = f"https://{host}/{path}?" + "&".join(f"{name}={value}" for name, value in query)
    try:
        canonical = canonical_url(url)
    except InvalidURL:
        assume(False)
    assert canonical_url(canonical) == canonical


@given(hosts, st.lists(st.tuples(names, names), max_size=5), st.randoms())
def test_order_of_parameters_does_not_matter(host: str, query: list[tuple[str, str]], random: object) -> None:
    shuffled = list(query)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    first, second = (f"https://{host}/x?" + "&".join(f"{n}={v}" for n, v in pairs) for pairs in (query, shuffled))
    assert canonical_url(first) == canonical_url(second)


def _escaped(text: str) -> str:
    """Percent-encode every third letter of a path, in lower case: what RFC 3986 says means the same."""
    return "".join(f"%{ord(c):02x}" if c.isalnum() and n % 3 == 0 else c for n, c in enumerate(text))


TRACKING = st.lists(
    st.sampled_from(["utm_source=rss", "UTM_Campaign=x", "fbclid=1", "at_medium=a", "ns_mchannel=s", "outputType=amp"]),
    max_size=3,
)


# The first to ask for a site loads the list of suffixes.
@settings(deadline=None)
@given(
    host=hosts,
    path=st.lists(names, min_size=1, max_size=3),
    query=st.lists(st.tuples(names.map("q{}".format), names), max_size=3),
    tracking=TRACKING,
    shape=st.tuples(*[st.booleans()] * 7),
)
def test_the_ways_one_address_is_written_meet_in_one_id(
    host: str, path: list[str], query: list[tuple[str, str]], tracking: list[str], shape: tuple[bool, ...]
) -> None:
    upper, port, slash, fragment, escape, amp, double = shape
    way = "/" + "/".join(path)
    plain = f"https://{host}{way}" + ("?" if query else "") + "&".join(f"{name}={value}" for name, value in query)
    pairs = sorted([*(f"{name}={value}" for name, value in query), *tracking], reverse=True)
    written = (
        ("HTTPS://" + host.upper() if upper else "https://" + host)
        + (":443" if port else "")
        + (_escaped(way) if escape else way).replace("/", "//" if double else "/")
        + ("/amp" if amp else "")
        + ("/" if slash else "")
        + ("?" + "&".join(pairs) if pairs else "")
        + ("#lees-verder" if fragment else "")
    )
    assert canonical_url(written) == canonical_url(plain)
    assert article_id(written) == article_id(plain)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        # Another host: only the page itself can say what it is a version of.
        ("https://sport.krant.example/a", "https://krant.example/a"),
        ("https://krant.example:8443/a", "https://krant.example/a"),
        # Not the same by RFC 3986, and not in practice: short keys in base 62.
        ("https://krant.example/A", "https://krant.example/a"),
        # Words that only look like an edition, an index page, a session, a print version.
        ("https://krant.example/lamp/a", "https://krant.example/a"),
        ("https://krant.example/a/indexen.html", "https://krant.example/a"),
        ("https://krant.example/a?sid=12", "https://krant.example/a"),
        ("https://krant.example/a/print/b", "https://krant.example/a/b"),
        ("https://krant.example/a?print=7", "https://krant.example/a"),
        ("https://krant.example/print", "https://krant.example/"),
        # What is not UTF-8 has no other form.
        ("https://krant.example/%E9", "https://krant.example/%C3%A9"),
        ("https://krant.example/a%2Fb", "https://krant.example/a/b"),
        ("https://krant.example/a?q=x%26y", "https://krant.example/a?q=x&y"),
        ("https://krant.example/a?id=1", "https://krant.example/a?id=2"),
    ],
)
def test_addresses_that_may_mean_two_pages_stay_two(one: str, other: str) -> None:
    assert article_id(one) != article_id(other)


VARIANTS = [
    "http://www.krant.example/nieuws/een-é-1",
    "https://krant.example/nieuws/een-é-1",
    "https://m.krant.example/nieuws/een-é-1",
    "https://mobile.krant.example/nieuws/een-é-1",
    "http://amp.krant.example:80/nieuws/een-é-1",
    "https://www.krant.example/nieuws/een-é-1/",
    "https://www.krant.example/nieuws/een-é-1/index.html",
    "https://www.krant.example/nieuws/een-é-1/default.aspx",
    "https://www.krant.example/nieuws/een-e\u0301-1",
    "https://www.krant.example/nieuws/een-%c3%a9-1",
    "https://www.krant.example/nieuws/een-é-1/amp",
    "https://www.krant.example/amp/nieuws/een-é-1",
    "https://www.krant.example/nieuws/amp/een-é-1",
    "https://www.krant.example/nieuws/een-é-1?outputType=amp",
    "https://www.krant.example/nieuws/een-é-1?amp=1&utm_source=x",
    "https://www.krant.example/nieuws/een-é-1;jsessionid=0A1B.knoop1",
    "https://www.krant.example/nieuws/een-é-1?PHPSESSID=0a1b2c",
    "https://www.krant.example/(S(lit3py55t21z5v55vlm25s55))/nieuws/een-é-1",
    f"https://www.krant.example/nieuws/een-é-1?sid={'0a' * 16}",
    "https://www.krant.example/nieuws/een-é-1/print",
    "https://www.krant.example/print/nieuws/een-é-1",
    "https://www.krant.example/nieuws/een-é-1?print=1",
    "https://www.krant.example/nieuws/een-é-1?view=print",
    "HTTP://M.KRANT.EXAMPLE/print//nieuws/een-%65%CC%81-1/index.php?print#lezen",
]


@pytest.mark.parametrize("variant", VARIANTS)
def test_variants_of_one_address_meet_in_one_id(variant: str) -> None:
    assert identity_url(variant) == "https://www.krant.example/nieuws/een-%C3%A9-1"
    assert article_id(variant) == article_id("https://www.krant.example/nieuws/een-é-1")


@pytest.mark.parametrize(
    ("url", "identity"),
    [
        ("http://sport.krant.example/a", "https://sport.krant.example/a"),
        ("http://www.sport.krant.co.uk/a", "https://sport.krant.co.uk/a"),
        ("https://nl.m.krant.example/a", "https://nl.krant.example/a"),
        # The first label is the paper's own name, not an edition.
        ("https://amp.example/a", "https://www.amp.example/a"),
        ("http://localhost:8000/a", "https://localhost:8000/a"),
        ("http://127.0.0.1:8000/a", "https://127.0.0.1:8000/a"),
        ("http://[::0:1]:80/a", "https://[::1]/a"),
        ("https://krant.example/index.html", "https://www.krant.example/"),
        ("https://krant.example/index.php?id=3", "https://www.krant.example/?id=3"),
    ],
)
def test_identity_url(url: str, identity: str) -> None:
    assert identity_url(url) == identity


# The first to ask for a site loads the list of suffixes.
@settings(deadline=None)
@given(
    hosts,
    st.sampled_from(["", "www.", "m.", "amp.", "sport.", "www.sport.", "nl.m."]),
    st.lists(
        st.text("abX0._-", min_size=1, max_size=5)
        | st.sampled_from(["amp", "AMP", "amped", "print", "Print", "printer", "index.html", "default.x", "indexes.x"]),
        max_size=3,
    ),
)
def test_identity_of_an_ordinary_address_is_as_if_looked_at_closely(host: str, edition: str, path: list[str]) -> None:
    """With a fragment behind it none is told by the patterns."""
    url = f"https://{edition}{host}/{'/'.join(path)}"
    assert identity_url(url) == identity_url(f"{url}#x")


@pytest.mark.parametrize("variant", VARIANTS)
def test_what_may_be_fetched_keeps_what_only_the_identity_folds(variant: str) -> None:
    # http, m. and /print are other addresses, of which a paper may serve only one.
    fetched = canonical_url(variant)
    assert fetched.partition("//")[0] == variant.lower().partition("//")[0]
    for part in ("m.", "mobile.", "amp.", "/print", "print=1", "/index.html", "/amp/"):
        assert (part in fetched.lower()) == (part in variant.lower())


parts = st.lists(st.sampled_from(["amp", "print", "index.html", "e\u0301", "%E9", "A", "a;jsessionid=1"]), max_size=4)
heads = st.lists(st.sampled_from(["www", "m", "amp", "sport"]), max_size=3).map(lambda labels: ".".join([*labels, ""]))


@given(
    scheme=st.sampled_from(["http", "https"]),
    head=heads,
    path=parts,
    query=st.lists(st.sampled_from(["print=1", "amp", "b=2", "a=e\u0301", "a=1", "view=print", "sid=4"]), max_size=4),
    random=st.randoms(),
)
def test_identity_is_idempotent_and_no_order_of_parameters_matters(
    scheme: str, head: str, path: list[str], query: list[str], random: object
) -> None:
    shuffled = list(query)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    where = f"{scheme}://{head}krant.example/" + "/".join(path)
    identity = identity_url(f"{where}?{'&'.join(query)}")
    assert identity == identity_url(f"{where}?{'&'.join(shuffled)}")
    assert identity == identity_url(identity) == canonical_url(identity)
    assert identity_url(canonical_url(f"{where}?{'&'.join(query)}")) == identity


@given(st.text(max_size=60))
def test_identity_of_any_text_is_one_that_stays(text: str) -> None:
    try:
        identity = identity_url("https://krant.example/" + text)
    except InvalidURL:
        return
    assert identity_url(identity) == identity
    assert identity.isascii()


def test_article_id_is_the_published_recipe() -> None:
    # blake2b over the identity, 12 bytes, hex: what the README tells downstream readers to compute.
    readme = (ROOT / "README.md").read_text(encoding="utf-8").partition("## The document")[2]
    shown = re.search(r"^```python\n(.*?)^```$", readme, re.M | re.S)
    assert shown
    made: dict[str, str] = {}
    exec(compile(shown[1], "README.md", "exec"), made)
    assert made["key"] == article_id("https://www.nrc.nl/nieuws/2026/03/01/brug-dicht")
    ordinary = "https://www.krant.example/nieuws/1"
    assert article_id(ordinary) == blake2b(ordinary.encode(), digest_size=12).hexdigest() == "11e28219bc657e32ce281aa6"
    assert article_id("http://krant.example/nieuws/1?utm_source=x") == "11e28219bc657e32ce281aa6"
    assert len(article_id("https://krant.example/")) == 24
    assert article_id("https://krant.example/x/") == article_id("HTTPS://krant.example:443/x#top")
    assert article_id("https://krant.example/x") != article_id("https://krant.example/y")


@pytest.mark.parametrize(
    ("url", "site"),
    [
        ("https://www.nrc.nl/x", "nrc.nl"),
        ("https://news.bbc.co.uk/x", "bbc.co.uk"),
        ("https://krant.blogspot.com/x", "blogspot.com"),
        ("http://www.noorderkoerier.example/x", "noorderkoerier.example"),
        ("http://127.0.0.1:8000/x", "127.0.0.1"),
        ("http://localhost:8000/x", "localhost"),
        ("not a url", ""),
    ],
)
def test_site_of(url: str, site: str) -> None:
    assert site_of(url) == site


def test_host_of_keeps_a_port_that_is_not_the_default_one() -> None:
    assert host_of("https://NRC.nl:443/x") == "nrc.nl"
    assert host_of("http://127.0.0.1:8000/") == "127.0.0.1:8000"
    assert host_of("http://[x") == ""


@pytest.mark.parametrize(
    ("href", "meant"),
    [
        ("/b", "https://krant.example/b"),
        ("c?d", "https://krant.example/a/c?d"),
        ("//www.krant.example/x", "https://www.krant.example/x"),
        ("mailto:redactie@krant.example", None),
        ("javascript:void(0)", None),
        ("java\nscript:void(0)", None),
        ("http://[half", None),
    ],
)
def test_absolute_url(href: str, meant: str | None) -> None:
    assert absolute_url("https://krant.example/a/", href) == meant
