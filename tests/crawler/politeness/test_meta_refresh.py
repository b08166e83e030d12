from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scrapy.http import HtmlResponse, Request
from scrapy.utils.response import get_meta_refresh
from scrapy.utils.test import get_crawler

from crawler.politeness.meta_refresh import QuickMetaRefreshMiddleware, may_refresh

URL = "https://www.stadsbode.example/a"
SENT = '<html><head>{}<meta http-equiv="Refresh" content="0; url=/b"></head><body>Verplaatst</body></html>'


@pytest.mark.parametrize("encoding", ["utf-8", "cp1252", "utf-16-le", "utf-16-be", "utf-32-le", "shift_jis"])
def test_a_page_that_sends_its_readers_on_is_followed(encoding: str) -> None:
    page = HtmlResponse(URL, body=SENT.format("").encode(encoding), encoding=encoding)
    sent = QuickMetaRefreshMiddleware.from_crawler(get_crawler()).process_response(Request(URL), page)
    assert isinstance(sent, Request)
    assert sent.url == "https://www.stadsbode.example/b"


def test_any_other_page_is_passed_on_as_it_came() -> None:
    page = HtmlResponse(URL, body="<html><body>Caf\xe9</body></html>".encode("latin-1"))
    assert QuickMetaRefreshMiddleware.from_crawler(get_crawler()).process_response(Request(URL), page) is page


@given(st.text(max_size=5_000), st.sampled_from(["utf-8", "utf-16", "utf-16-le", "utf-32", "gb18030"]))
def test_whatever_scrapy_finds_may_be_there(before: str, encoding: str) -> None:
    whole = SENT.format(before).encode(encoding, errors="replace")
    _, sent_to = get_meta_refresh(HtmlResponse(URL, body=whole, encoding=encoding))
    assert may_refresh(whole) or sent_to is None
