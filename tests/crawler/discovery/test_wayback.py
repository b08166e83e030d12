import json
from datetime import UTC, date, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crawler.discovery.spans import span_asked
from crawler.discovery.wayback import (
    NoDomain,
    UnreadableCaptures,
    WaybackCapture,
    capture_url,
    captures_url,
    publishers_headers,
    read_captures,
    read_domains,
    redirected_to,
)

TODAY = date(2026, 3, 15)
BASE = "https://archive.example/"
HEAD = ["timestamp", "original"]


@pytest.mark.parametrize("text", ["", "nrc", "http://nrc.nl", "nrc.nl/nieuws", "nrc.nl?x", "-a b.nl"])
def test_what_is_no_domain(text: str) -> None:
    with pytest.raises(NoDomain, match="give the domain of a paper"):
        read_domains(text)


def test_the_question() -> None:
    span = span_asked("2022-01", "2022-02", today=TODAY)
    assert captures_url(BASE, "nrc.nl", span, resume_key="nl,nrc)/a b") == (
        "https://archive.example/cdx/search/cdx?url=nrc.nl&matchType=domain&from=20220101000000&to=20220228235959"
        "&filter=statuscode%3A200&filter=mimetype%3Atext%2Fhtml&collapse=urlkey&fl=timestamp%2Coriginal&output=json"
        "&limit=2000&showResumeKey=true&resumeKey=nl%2Cnrc%29%2Fa+b"
    )


def test_the_answer() -> None:
    rows = [
        HEAD,
        ["20220105123456", "http://www.nrc.nl:80/nieuws/a?b=c"],
        ["20220105123456", "https://www.nrc.nl:8443/x"],
        ["kapot", "http://www.nrc.nl/y"],
        ["20220105123456", "ftp://www.nrc.nl/y"],
        ["20220105123456"],
        [],
        ["nl,nrc)/z 20220105"],
    ]
    part = read_captures(json.dumps(rows).encode())
    assert part.resume_key == "nl,nrc)/z 20220105"
    assert [capture.url for capture in part.captures] == ["http://www.nrc.nl/nieuws/a?b=c", "https://www.nrc.nl:8443/x"]
    assert part.captures[0].at == datetime(2022, 1, 5, 12, 34, 56, tzinfo=UTC)


def test_columns_are_found_by_name_and_nothing_is_an_answer() -> None:
    rows = [["urlkey", "original", "timestamp"], ["nl,nrc)/", "http://nrc.nl/", "2022"]]
    (capture,) = read_captures(json.dumps(rows).encode()).captures
    assert (capture.url, capture.at) == ("http://nrc.nl/", datetime(2022, 1, 1, tzinfo=UTC))
    assert read_captures(b"[]").captures == read_captures(b"").captures == ()
    assert read_captures(json.dumps([HEAD]).encode()).resume_key is None


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"<html>", "a web page"),
        (b'[["timestamp","original"],["2022', "cut off"),
        (b"org.archive.util.ResourceNotAvailable", "no JSON"),
        (b'{"error": 1}', "no table"),
        (b'[["a","b"],["c","d"]]', "names no columns"),
    ],
)
def test_what_is_no_answer(body: bytes, says: str) -> None:
    with pytest.raises(UnreadableCaptures, match=says):
        read_captures(body)


@settings(deadline=None)
@given(st.binary(max_size=200) | st.from_regex(rb'\[\[[a-z",\[\]{}0-9]{0,60}', fullmatch=True))
def test_any_answer_is_a_list_or_none(body: bytes) -> None:
    try:
        part = read_captures(body)
    except UnreadableCaptures:
        return
    assert all(capture.url.startswith("http") for capture in part.captures)


@pytest.mark.parametrize(
    ("location", "found"),
    [
        ("/web/20220107130000id_/http://www.nrc.nl/a?b=c", "http://www.nrc.nl/a?b=c"),
        ("https://archive.example/web/20220107130000/http://www.nrc.nl:80/a", "http://www.nrc.nl/a"),
        ("http://archive.example/web/20220107130000if_/http:/www.nrc.nl/a", "http://www.nrc.nl/a"),
        ("https://www.nrc.nl/a", None),
        ("https://archive.example.evil.example/web/20220107130000/http://www.nrc.nl/a", None),
        ("/login?next=/web/20220107130000/http://www.nrc.nl/a", None),
        ("//[::1/", None),
    ],
)
def test_where_a_capture_points(location: str, found: str | None) -> None:
    target = redirected_to(BASE, "https://archive.example/web/20220105123456id_/http://www.nrc.nl/a", location)
    assert (target and target.url) == found
    assert target is None or target.at == datetime(2022, 1, 7, 13, tzinfo=UTC)


@settings(deadline=None)
@given(
    st.from_regex(r"([a-z0-9/%?&=.~_éλ-]{0,30}[a-z0-9/])?", fullmatch=True),
    st.datetimes(datetime(1996, 1, 1), datetime(2099, 1, 1)),
)
def test_an_address_of_a_capture_is_read_back(path: str, at: datetime) -> None:
    capture = WaybackCapture(url=f"http://www.nrc.nl/{path}", at=at.replace(microsecond=0, tzinfo=UTC))
    address = capture_url(BASE, capture)
    assert address.isascii()
    again = redirected_to(BASE, BASE, address)
    assert again is not None
    assert capture_url(BASE, again) == address


def test_headers_are_those_of_the_publisher() -> None:
    sent = {
        "Content-Type": "text/html; charset=utf-8",
        "X-Archive-Orig-X-Robots-Tag": "noarchive",
        "X-Archive-Orig-Content-Type": "text/html",
        "X-Robots-Tag": "noindex",
        "Link": "<https://archive.example/>",
    }
    assert publishers_headers(sent) == {"x-robots-tag": "noarchive", "content-type": "text/html; charset=utf-8"}
