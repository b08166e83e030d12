"""Writing site files: an outlet in, its TOML table out; and the marks that say whose lists have answered. Pure."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import re
import tomllib
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from crawler.sites.site import CssHints, Site

_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+")
_HEADER = re.compile(
    r"\s*\[\s*(?:\"(?P<double>[^\"]*)\"|'(?P<single>[^']*)'|(?P<bare>[A-Za-z0-9_-]+))\s*\]\s*(?:#.*)?$"
)
_VERIFIED = re.compile(r"(\s*verified\s*=\s*)(?:true|false)(.*)$")
_LISTS = ("feeds", "sitemaps", "sections")
_SHORT_LISTS = ("domains", "allow", "deny")


def site_table(site: Site) -> str:
    """Return the table of an outlet, as `read_sites` reads it; what is not known is left out."""
    lines = [f"[{_key(site.key)}]", f"name = {_text(site.name)}", f"domains = {_inline(site.domains)}"]
    lines += [f"{name} = {_text(value)}" for name in ("country", "language", "home") if (value := getattr(site, name))]
    for name in _LISTS:
        if values := getattr(site, name):
            lines += [f"{name} = [", *(f"    {_text(value)}," for value in values), "]"]
    lines += [f"{name} = {_inline(values)}" for name in _SHORT_LISTS[1:] if (values := getattr(site, name))]
    if site.delay is not None:
        lines.append(f"delay = {site.delay:g}")
    hints = {name: value for name, value in dataclasses.asdict(site.css).items() if value is not None}
    if site.css != CssHints():
        lines.append(f"css = {{ {', '.join(f'{name} = {_text(value)}' for name, value in hints.items())} }}")
    lines.append(f"verified = {_truth(site.verified)}")
    return "\n".join(lines) + "\n"


def marked(text: str, marks: Mapping[str, bool]) -> str:
    """Return a site file whose tables named in `marks` say `verified = true` or `false`; nothing else in it changes.

    A table that says nothing of it yet gets a line below its last one. Raises ValueError where that cannot be done
    without changing more.
    """
    found = _marked_lines(text.splitlines(keepends=True), marks)
    changed = "".join(found)
    wanted = tomllib.loads(text)
    for key, mark in marks.items():
        wanted[key]["verified"] = mark
    with contextlib.suppress(tomllib.TOMLDecodeError):
        if tomllib.loads(changed) == wanted:
            return changed
    raise ValueError("the file is laid out in a way that its marks cannot be set in: set them by hand")


def _marked_lines(lines: Sequence[str], marks: Mapping[str, bool]) -> list[str]:
    found: list[str] = []
    inside = ""
    last = 0  # behind the last line of the table that holds anything
    for line in [*lines, "["]:
        if line.lstrip().startswith("["):
            if inside in marks:
                ending = "\r\n" if found[last - 1].endswith("\r\n") else "\n"
                if not found[last - 1].endswith("\n"):
                    found[last - 1] += ending
                found.insert(last, f"verified = {_truth(marks[inside])}{ending}")
            match = _HEADER.match(line.rstrip("\r\n"))
            inside = next((name for name in match.groups() if name is not None), "") if match else ""
        elif inside in marks and (match := _VERIFIED.match(line.rstrip("\r\n"))):
            ending = line[len(line.rstrip("\r\n")) :]
            line = f"{match[1]}{_truth(marks[inside])}{match[2]}{ending}"  # noqa: PLW2901
            inside = ""
        found.append(line)
        if line.strip() and not line.lstrip().startswith("#"):
            last = len(found)
    return found[:-1]


def appended(text: str, site: Site) -> str:
    """Return a site file with the table of one more outlet at its end. Raises ValueError where it has it already."""
    for key, table in tomllib.loads(text).items():
        if key == site.key:
            raise ValueError(f"there is a table [{_key(key)}] already")
        domains = table.get("domains", ()) if isinstance(table, Mapping) else ()
        if taken := sorted(set(domains) & set(site.domains)):
            raise ValueError(f"its table [{_key(key)}] has the domain {taken[0]} already")
    between = "" if not text else "\n" if text.endswith("\n") else "\n\n"
    return text + between + site_table(site)


def _key(name: str) -> str:
    return name if _BARE_KEY.fullmatch(name) else _text(name)


def _text(value: str) -> str:
    # What a page says is one line of text here. The rest of JSON's escapes are TOML's too.
    return json.dumps(_UNPRINTABLE.sub(" ", value), ensure_ascii=False)


def _inline(values: Collection[str]) -> str:
    return f"[{', '.join(_text(value) for value in values)}]"


def _truth(value: Any) -> str:
    return "true" if value else "false"
