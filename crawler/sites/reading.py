"""Reading site files: TOML in, outlets out; a mistake is named with file, line, table, key and remedy."""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cssselect import HTMLTranslator, SelectorError

from crawler.sites.site import CssHints, Site
from crawler.url import host_of

_LISTS = ("domains", "feeds", "sitemaps", "sections", "allow", "deny")
_URLS = ("feeds", "sitemaps", "sections")
_PATHS = ("allow", "deny")
_TEXTS = ("name", "country", "language", "home")
_HOST = re.compile(r"[a-z0-9.\-\[\]:_]+")
_PLACE = re.compile(r"\s*\(at (?:line (?P<line>\d+), column \d+|end of document)\)")
_CODE = re.compile(r"[a-z]{2,3}")


class SiteFileError(ValueError):
    """A site file that cannot be used; the message names file, line, table, key and remedy."""


def read_site_file(path: Path) -> list[Site]:
    """Return the outlets of one site file. Raises SiteFileError."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise SiteFileError(f"{path}: cannot be read ({error}); give a TOML file with one table per outlet") from error
    return read_sites(text, str(path))


def read_sites(text: str, name: str) -> list[Site]:
    """Return the outlets that a text in TOML describes; `name` is the file's, for messages. Raises SiteFileError."""
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SiteFileError(_syntax_mistake(name, text, str(error))) from error
    sites: list[Site] = []
    owners: dict[str, str] = {}
    for key, values in tables.items():
        table = _Table(file=name, text=text, key=key, values=values)
        sites.append(_site(table))
        for domain in dict.fromkeys(sites[-1].domains):
            if owners.setdefault(domain, key) != key:
                raise table.mistake("domains", f"{domain!r} is in table [{owners[domain]}] already; take it out of one")
    if not sites:
        raise SiteFileError(f"{name}: describes no outlet; add a table such as [my_paper] with domains and feeds")
    return sites


def _syntax_mistake(name: str, text: str, error: str) -> str:
    """Return what is wrong with a text that is no TOML, given what tomllib says of it."""
    found = _PLACE.search(error)
    lines = text.splitlines()
    # The end of the document is behind its last line.
    number = min(int(found["line"]), len(lines)) if found and found["line"] else len(lines)
    line = lines[number - 1] if lines else ""
    key = match[1].strip() if (match := re.match(r"\s*([\w\s.\"'-]+?)\s*=", line)) else None
    what = f", key {key!r}" if key else f", at {line.strip()[:60]!r}" if line.strip() else ""
    why = error[: found.start()].rstrip() if found else error
    return (
        f'{name}:{number}{what}: not valid TOML: {why}; texts stand in "quotes", lists in ["brackets", "so"], '
        "and each table and key once"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Table:
    """One table of a site file, and what it takes to say where a mistake is."""

    file: str
    text: str
    key: str
    values: Any

    def mistake(self, name: str | None, what: str) -> SiteFileError:
        """Return the error for one key of the table, or for the table itself."""
        line = line_of(self.text, self.key, name)
        where = f"{self.file}:{line}" if line else self.file
        key = f", key {name!r}" if name else ""
        return SiteFileError(f"{where}: table [{self.key}]{key}: {what}")

    def strings(self, name: str) -> tuple[str, ...]:
        """Return a list of texts, each once. Raises SiteFileError."""
        value = self.values.get(name, [])
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise self.mistake(name, f'{value!r} is not a list of texts; write e.g. {name} = ["…"]')
        return tuple(dict.fromkeys(value))


def line_of(text: str, table: str, key: str | None = None) -> int | None:
    """Return the number of the line of a TOML text where a table begins, or where it sets a key; None if not found."""
    header = re.compile(rf"\s*\[\s*[\"']?{re.escape(table)}[\"']?\s*(?P<below>\.[^\]]*)?\]")
    found, inside = None, False
    for number, line in enumerate(text.splitlines(), 1):
        if line.lstrip().startswith("["):
            inside = header.match(line) is not None
            if inside and found is None:
                found = number
        elif inside and key and re.match(rf"\s*[\"']?{re.escape(key)}[\"']?\s*=", line):
            return number
    return found


def _site(table: _Table) -> Site:
    values = table.values
    if not isinstance(values, Mapping):
        raise SiteFileError(
            f"{table.file}: {table.key!r} stands outside any table; put it below a line such as [my_paper]"
        )
    _check_names(table, values, frozenset(Site.__dataclass_fields__) - {"key"})
    lists = {name: table.strings(name) for name in _LISTS}
    if not lists["domains"]:
        raise table.mistake(None, "key 'domains' is missing or empty; give e.g. domains = [\"paper.nl\"]")
    for domain in lists["domains"]:
        if not _HOST.fullmatch(domain):
            raise table.mistake("domains", f"{domain!r} is not a bare lower-case domain like 'paper.nl'")
    for name in _URLS:
        for url in lists[name]:
            _check_url(table, name, url)
    for name in _PATHS:
        for rule in lists[name]:
            if not rule.startswith(("/", "*")):
                raise table.mistake(name, f"{rule!r} is no path as robots.txt has it; begin it with / or *")
    delay = values.get("delay")
    if delay is not None and (isinstance(delay, bool) or not isinstance(delay, int | float) or not 0 <= delay < 1e6):
        raise table.mistake("delay", f"{delay!r} is not a number of seconds; write e.g. delay = 2.5")
    for name in _TEXTS:
        if not isinstance(values.get(name, ""), str):
            raise table.mistake(name, f"{values[name]!r} is not a text; put it in quotes")
    if "home" in values:
        _check_url(table, "home", values["home"])
    for name in ("country", "language"):
        if name in values and not _CODE.fullmatch(values[name]):
            raise table.mistake(name, f"{values[name]!r} is not a bare lower-case code such as 'nl'")
    for name in ("verified", "tdm_licensed"):
        if not isinstance(values.get(name, False), bool):
            raise table.mistake(name, f"{values[name]!r} is not true or false; write it without quotes")
    return Site(
        key=table.key,
        name=values.get("name", table.key),
        country=values.get("country"),
        language=values.get("language"),
        home=values.get("home"),
        delay=None if delay is None else float(delay),
        css=_css(table, values.get("css", {})),
        verified=values.get("verified", False),
        tdm_licensed=values.get("tdm_licensed", False),
        **lists,
    )


def _check_url(table: _Table, name: str, url: str) -> None:
    if not url.startswith(("http://", "https://")) or not host_of(url):
        raise table.mistake(name, f"{url!r} is not an http(s) URL; write it in full, as in 'https://paper.nl/rss'")


def _css(table: _Table, values: Any) -> CssHints:
    if not isinstance(values, Mapping):
        raise table.mistake("css", f'{values!r} is not a table; write e.g. css = {{ body = "div.article" }}')
    _check_names(table, values, frozenset(CssHints.__dataclass_fields__))
    for name, selector in values.items():
        if not isinstance(selector, str):
            raise table.mistake(name, f"{selector!r} is not a text; put the CSS selector in quotes")
        try:
            HTMLTranslator().css_to_xpath(selector)
        except SelectorError as error:
            raise table.mistake(name, f"{selector!r} is not a CSS selector: {error}") from error
    return CssHints(**values)


def _check_names(table: _Table, values: Mapping[str, Any], known: frozenset[str]) -> None:
    for name in values:
        if name not in known:
            near = difflib.get_close_matches(name, known, 1)
            hint = f"did you mean {near[0]!r}?" if near else f"known keys: {', '.join(sorted(known))}"
            raise table.mistake(name, f"unknown key; {hint}")
