import pytest

from crawler.politeness.robots import read_rules

HOST = "https://k.example"


@pytest.mark.parametrize(
    ("text", "path", "allowed"),
    [
        ("", "/1", True),
        ("User-agent: *\nDisallow: /", "/1", False),
        ("User-agent: *\nDisallow: /\nAllow: /nieuws/", "/nieuws/1", True),
        ("User-agent: *\nDisallow: /a*b$", "/axb", False),
        ("User-agent: *\nDisallow: /a*b$", "/axbc", True),
        ("User-agent: *\nDisallow: /\n\nUser-agent: leesook\nDisallow: /intern/", "/1", True),
        ("User-agent: leesook\nUser-agent: ander\nDisallow: /\n", "/1", False),
        ("User-agent: LeesOok\nDisallow: /\n", "/1", False),
        ("User-agent: ander\nDisallow: /\n", "/1", True),
        ("User-agent: *\nDisallow:\n", "/1", True),
        ("User-agent: *\nDisallow: /caf%C3%A9", "/café", False),
        ("<html><body>Niet gevonden</body></html>", "/1", True),
        ("\x00\xff" * 1000, "/1", True),
    ],
    ids=range(13),
)
def test_which_paths_are_ours(text: str, path: str, allowed: bool) -> None:
    assert read_rules(text, "leesook").allows(HOST + path) is allowed


@pytest.mark.parametrize(
    ("text", "delay"),
    [
        ("User-agent: *\nDisallow:", None),
        ("User-agent: *\nCrawl-delay: 2.5", 2.5),
        ("User-agent: *\nRequest-rate: 1/5", 5.0),
        ("User-agent: *\nRequest-rate: 10/1m", 6.0),
        ("User-agent: *\nCrawl-delay: 3\nRequest-rate: 1/10", 10.0),
        ("User-agent: *\nCrawl-delay: 9\n\nUser-agent: leesook\nCrawl-delay: 1", 1.0),
        ("User-agent: *\nCrawl-delay: straks", None),
    ],
    ids=range(7),
)
def test_how_fast_a_robots_txt_wants_us(text: str, delay: float | None) -> None:
    assert read_rules(text, "leesook").delay == delay
