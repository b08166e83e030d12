from __future__ import annotations

import gzip

from scrapy.downloadermiddlewares.httpcompression import HttpCompressionMiddleware
from scrapy.http import Headers, HtmlResponse, Request, Response
from scrapy.utils.test import get_crawler

from crawler.politeness.handler import as_coded

PAGE = "<html><head><meta charset=iso-8859-1></head><body>Caf\xe9</body></html>".encode("latin-1")
URL = "https://www.stadsbode.example/a"


def answer(headers: dict[str, str], body: bytes) -> HtmlResponse:
    return HtmlResponse(URL, headers=Headers(headers), body=body, flags=["a"], ip_address=None, protocol="HTTP/1.1")


def test_a_compressed_answer_has_no_text_until_it_is_decoded() -> None:
    coded = as_coded(answer({"Content-Type": "text/html", "Content-Encoding": "gzip"}, gzip.compress(PAGE)))
    assert type(coded) is Response
    assert (coded.url, coded.flags, coded.protocol) == (URL, ["a"], "HTTP/1.1")
    middleware = HttpCompressionMiddleware.from_crawler(get_crawler())
    decoded = middleware.process_response(Request(URL), coded)
    assert isinstance(decoded, HtmlResponse)
    assert (decoded.body, decoded.encoding) == (PAGE, "cp1252")
    assert "Caf\xe9" in decoded.text


def test_an_answer_that_is_not_compressed_stays_what_it_is() -> None:
    plain = answer({"Content-Type": "text/html"}, PAGE)
    assert as_coded(plain) is plain
