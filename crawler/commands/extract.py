"""`scrapy extract`: one page through extraction, printed as the document it would become."""

from __future__ import annotations

import dataclasses
import json
import re
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from scrapy.exceptions import UsageError

from crawler.article import Article, Failure, Fetch, Rejection, Via, to_document
from crawler.console import EXIT_STATUSES, FAILED, CommandError, QuietCommand
from crawler.export.shapes import portable
from crawler.extraction import MAX_BYTES
from crawler.extraction.head import read_head
from crawler.extraction.page import Unreadable, parse
from crawler.founding_shape import founding_shape
from crawler.onepage import fetch_one
from crawler.text_search import grammar_of
from crawler.url import InvalidURL, absolute_url, canonical_url

if TYPE_CHECKING:
    import argparse

    from scrapy.settings import Settings

FORMATS = ("json", "text")
_WEB_ADDRESS = re.compile(r"https?://", re.IGNORECASE)
_NOWHERE = "http://page.invalid/"  # RFC 2606: while a file's own address is still looked for in it


class Command(QuietCommand):
    """Show what extraction makes of one page."""

    exit_statuses: ClassVar[dict[int, str]] = {
        **EXIT_STATUSES,
        FAILED: "the page is no article, or cannot be had; one line on stderr says why",
    }

    def syntax(self) -> str:
        """Return what follows the name of the command."""
        return "URL | FILE | - [--url URL] [--format json|text]"

    def short_desc(self) -> str:
        """Return the line in the list of commands."""
        return "Show the article that extraction finds on one page"

    def long_desc(self) -> str:
        """Return what the help says before the options."""
        return (
            "Read one page, from the web (redirects followed, robots.txt obeyed), a file, or the standard input (-), "
            "and print the document it would become; no database is needed or touched. Exit status 1, with the reason, "
            "if the page is no article or cannot be had."
        )

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        """Declare the options."""
        super().add_options(parser)
        parser.add_argument(
            "--url", metavar="URL", help="where a file comes from (default: what the page says, canonical or og:url)"
        )
        parser.add_argument("--format", default="json", metavar="FORMAT", help="json (default), or text")

    def execute(self, args: list[str], opts: argparse.Namespace) -> int:
        """Read the page and print what it is."""
        if len(args) != 1:
            raise UsageError("name one page: a URL, a file, or - for the standard input")
        if opts.format not in FORMATS:
            raise UsageError(f"--format {opts.format!r} is not one of {', '.join(FORMATS)}")
        assert self.settings is not None
        if _WEB_ADDRESS.match(args[0]):
            if opts.url:
                raise UsageError("--url is for a file; a page from the web has its own")
            found = _from_web(self.settings, args[0])
        else:
            found = _from_file(args[0], opts.url)
        result = found if isinstance(found, Rejection) else _finished(found)
        if isinstance(result, Rejection):
            detail = f", {result.detail}" if result.detail else ""
            raise CommandError(f"{args[0]} is no article: {result.reason}{detail}")
        _print(result, opts.format)
        return 0


def _from_web(settings: Settings, url: str) -> Article | Rejection:
    _checked(url, "the URL")
    answer = fetch_one(settings, url)
    if isinstance(answer, Rejection):
        return answer
    if isinstance(answer, Failure):
        raise CommandError(f"cannot get {url}: {answer.reason}, {answer.detail}")
    headers = {name.decode("latin-1"): b", ".join(values).decode("latin-1") for name, values in answer.headers.items()}
    fetch = Fetch(
        requested_url=url,
        via=Via.LIST,
        status=answer.status,
        etag=headers.get("Etag"),
        last_modified=headers.get("Last-Modified"),
        bytes=len(answer.body),
        at=datetime.now(UTC),
    )
    return _extract(answer.body, answer.url, charset=headers.get("Content-Type"), headers=headers, fetch=fetch)


def _from_file(name: str, url: str | None) -> Article | Rejection:
    html = _read(name)
    url = _checked(url, "--url") if url else _own_address(html)
    if url is None:
        raise CommandError(f"the page in {name} does not say where it comes from: give its address with --url")
    return _extract(html, url)


def _extract(html: bytes, url: str, **known: Any) -> Article | Rejection:
    # Here, and not above: Scrapy loads every command to find one.
    from crawler.extraction import extract

    return extract(html, url, **known)


def _read(name: str) -> bytes:
    # One byte more than is accepted, so that extraction sees what is too large, and says so.
    if name == "-":
        return sys.stdin.buffer.read(MAX_BYTES + 1)
    try:
        with Path(name).open("rb") as file:
            return file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        hint = "" if "/" in name or Path(name).suffix == ".html" else " (a URL starts with https://)"
        raise CommandError(f"cannot read {name}: {why}{hint}") from error


def _own_address(html: bytes) -> str | None:
    """Return the address that a page gives as its own; for a payload that is no page, one that is nowhere."""
    try:
        head = read_head(parse(html, _NOWHERE).tree)
    except Unreadable:
        return _NOWHERE  # extraction will say what is wrong with it
    for text in (*head.links.get("canonical", ()), *head.metas.get("og:url", ())):
        address = absolute_url(_NOWHERE, text)
        if address and not address.startswith(_NOWHERE):
            return address
    return None


def _checked(url: str, what: str) -> str:
    try:
        canonical_url(url)
    except InvalidURL as error:
        raise CommandError(f"{what} cannot be used: {error}") from None
    return url


def _finished(article: Article) -> Article | Rejection:
    """Do what the pipelines do to one article by itself: language, fingerprint of the text, rules of the schema."""
    # The one place where this side looks into the next room: a command stands above both.
    from pipelines.dedupe import signed
    from pipelines.language import language_of
    from pipelines.validate import validated

    checked = validated(article, now=datetime.now(UTC))
    if isinstance(checked, Rejection):
        return checked
    verdict = language_of(checked.title, checked.text, checked.language_declared)
    return dataclasses.replace(
        signed(checked),
        language=verdict.language,
        language_confidence=verdict.confidence,
        language_source=verdict.source,
        search_language=grammar_of(verdict.language),
    )


def _print(article: Article, shape: str) -> None:
    if shape == "json":
        text = json.dumps(portable(to_document(article)), ensure_ascii=False, indent=2) + "\n"
    else:
        text = founding_shape(article) + ("\n" if sys.stdout.isatty() else "")
    sys.stdout.buffer.write(text.encode())
    sys.stdout.buffer.flush()
