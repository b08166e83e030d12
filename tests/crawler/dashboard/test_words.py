from __future__ import annotations

from datetime import UTC, datetime
from html import escape
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.dashboard import words


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "JavaScript:alert(1)",
        " javascript:alert(1)",
        "java\nscript:alert(1)",
        "\x01https://a.example/",
        "data:text/html,<script>alert(1)</script>",
        "vbscript:x",
        "file:///etc/passwd",
        "//a.example/",
        "/articles",
        "https:",
        "https://",
        "https:///a",
        "http://a.example/\n",
        "https://a.example\\@b.example/",
        'https://a.example/"><script>',
        "",
        None,
        3,
    ],
)
def test_what_is_no_link(url: object) -> None:
    assert words.safe_link(url) is None


@pytest.mark.parametrize(
    "url", ["https://nrc.nl/", "http://www.a.example:8080/x?a=1&b=%20#c", "https://[::1]/", "HTTPS://A.example/é'"]
)
def test_what_is_a_link(url: str) -> None:
    assert words.safe_link(url) == url


@given(st.text(max_size=60) | st.from_regex(r"https?:.{0,40}", fullmatch=True))
def test_a_link_is_http_with_a_host(url: str) -> None:
    if (link := words.safe_link(url)) is not None:
        try:
            parts = urlsplit(link)
        except ValueError:  # an address in brackets that is none: a browser refuses it too
            return
        assert parts.scheme in {"http", "https"}
        assert parts.netloc
        assert escape(link, quote=False).count("<") == 0


AT = datetime(2026, 3, 18, 6, 5, 9, tzinfo=UTC)


@pytest.mark.parametrize(
    ("offset", "precision", "said"),
    [
        (60, "second", "Wednesday 18 March 2026, 07:05 UTC+01:00"),
        (-210, "minute", "Wednesday 18 March 2026, 02:35 UTC−03:30"),
        (0, "minute", "Wednesday 18 March 2026, 06:05 UTC"),
        (None, "second", "Wednesday 18 March 2026, 06:05 UTC"),
        (60, "day", "Wednesday 18 March 2026"),
        (None, "month", "March 2026"),
    ],
)
def test_published_as_exactly_as_is_known(offset: int | None, precision: str, said: str) -> None:
    assert words.published(AT, offset=offset, precision=precision) == said


def test_published_at_no_known_time() -> None:
    assert words.published(None, offset=None, precision=None) == "Date unknown"


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (None, "–"),
        (0, "0 s"),
        (59.4, "59 s"),
        (60, "1 min"),
        (3599, "59 min"),
        (3600, "1 h"),
        (3900, "1 h 05 min"),
        (172_800, "2 d"),
        (90_000, "1 d 1 h"),
        (-90, "−1 min"),
    ],
)
def test_duration(seconds: float | None, said: str) -> None:
    assert words.duration(seconds) == said


@pytest.mark.parametrize(
    ("share", "said"), [(None, "–"), (0, "0%"), (0.001, "<1%"), (0.5, "50%"), (0.999, ">99%"), (1, "100%")]
)
def test_a_share_is_all_or_nothing_only_if_it_is(share: float | None, said: str) -> None:
    assert words.percent(share) == said


@pytest.mark.parametrize(
    ("code", "way"),
    [("nl", "ltr"), ("ar", "rtl"), ("he", "rtl"), ("fa", "rtl"), ("ur", "rtl"), ("yi", "rtl"), ("ja", "ltr"),
     ("xx", "auto"), ("", "auto"), (None, "auto"), ("../etc", "auto")],
)  # fmt: skip
def test_direction(code: str | None, way: str) -> None:
    assert words.direction(code) == way


def test_names_of_languages() -> None:
    assert [words.language_name(code) for code in ("nl", "fy", "qqq", None)] == [
        "Dutch",
        "Western Frisian",
        "qqq",
        "unknown",
    ]


@given(st.text(max_size=120), st.integers(2, 60))
def test_shortened_is_short_and_a_beginning(text: str, length: int) -> None:
    short = words.shortened(text, length)
    assert len(short) <= max(length, 1)
    assert short == text or text.startswith(short[:-1])
