"""JSON-LD: the node of schema.org that describes the article of a page, whatever the script around it looks like."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from crawler.extraction.text import plain

Node = Mapping[str, Any]
"""One JSON-LD object."""

# schema.org: Article and its subtypes (https://schema.org/Article), and what papers write in their place.
ARTICLE_TYPES = frozenset(
    [
        "Article",
        "NewsArticle",
        "AnalysisNewsArticle",
        "AskPublicNewsArticle",
        "BackgroundNewsArticle",
        "OpinionNewsArticle",
        "ReportageNewsArticle",
        "ReviewNewsArticle",
        "AdvertiserContentArticle",
        "SatiricalArticle",
        "ScholarlyArticle",
        "MedicalScholarlyArticle",
        "SocialMediaPosting",
        "BlogPosting",
        "LiveBlogPosting",
        "DiscussionForumPosting",
        "TechArticle",
        "APIReference",
        "Report",
        "Review",
        "CriticReview",
        "ClaimReview",
        "Recipe",
        "HowTo",
        "Blog",
        "FAQPage",
    ]
)
_BEST_TYPES = frozenset(
    [
        "NewsArticle",
        "AnalysisNewsArticle",
        "BackgroundNewsArticle",
        "OpinionNewsArticle",
        "ReportageNewsArticle",
        "ReviewNewsArticle",
        "Article",
        "BlogPosting",
        "LiveBlogPosting",
        "Report",
    ]
)
MEDIA_TYPES = frozenset(["VideoObject", "AudioObject", "ImageGallery", "MediaGallery", "PodcastEpisode", "Clip"])

_MAX_NODES = 2_000
"""Nodes looked at per page: shops and live pages list tens of thousands of things."""
_MAX_DEPTH = 6

_OPENINGS = ("<!--", "//<![CDATA[", "// <![CDATA[", "/*<![CDATA[*/", "<![CDATA[")
_ENDINGS = ("-->", "//]]>", "// ]]>", "/*]]>*/", "]]>", ";")
_TRAILING_COMMA = re.compile(r",(\s*[}\]])")
_DOUBLE_COMMA = re.compile(r",(\s*,)+")
_BAD_ESCAPE = re.compile(r'\\(?!["\\/bfnrtu])')
_MISSING_COMMA = re.compile(r'(["\d}\]]|true|false|null)([ \t\r]*\n\s*)(?="[\w@-]+"\s*:)')
_BARE_QUOTE = re.compile(r'(?<![\[{,:\\])(?<![\[{,:]\s)"(?!\s*[\]},:])')


@dataclass(frozen=True, slots=True, kw_only=True)
class JsonLd:
    """The JSON-LD of one page."""

    nodes: tuple[Node, ...] = ()
    """Every node of the page's graph, top level and `@graph`, in page order."""
    article: Node = field(default_factory=dict)
    """The node that describes the page's article; empty where there is none."""
    media: Node = field(default_factory=dict)
    """The node that describes the video, sound or gallery of a page; empty where there is none."""
    by_id: Mapping[str, Node] = field(default_factory=dict)
    """Nodes by `@id`, for the references that `author` and `publisher` often are."""

    def resolve(self, value: Any) -> Any:
        """Return the node that a bare `{"@id": …}` points to; anything else as it is."""
        if isinstance(value, dict) and len(value) <= 2 and "name" not in value:
            return self.by_id.get(str(value.get("@id")), value)
        return value


def read_json_ld(scripts: Iterable[str], *, urls: Iterable[str] = ()) -> JsonLd:
    """Return what the JSON-LD scripts of a page say.

    `urls` are the page's own URLs: among several article nodes the one that names one of them is the page's.
    Scripts that are no JSON are mended where possible and passed over otherwise; never raises.
    """
    nodes: list[Node] = []
    for script in scripts:
        nodes.extend(_top_level(load(script)))
        if len(nodes) > _MAX_NODES:
            break
    by_id: dict[str, Node] = {}
    for node in nodes:
        _index(node, by_id, _MAX_DEPTH)
    own = {_bare(url) for url in urls if url}
    articles = [node for node in nodes if types_of(node) & ARTICLE_TYPES]
    article = max(articles, key=lambda node: _fitness(node, own), default={})
    media = next((node for node in nodes if types_of(node) & MEDIA_TYPES), {})
    return JsonLd(nodes=tuple(nodes), article=article, media=media, by_id=by_id)


def load(script: str) -> Any:
    """Return the JSON of a script, mended if need be: wrapped in comments, raw line breaks, stray commas and quotes.

    None where nothing can be made of it.
    """
    text = _unwrapped(script)
    for mend in (_as_it_is, _commas, _escapes, _quotes):
        text = mend(text)
        try:
            return json.loads(text, strict=False)
        except json.JSONDecodeError as error:
            # Something after the end: a second object, a stray brace.
            if error.msg == "Extra data" and error.pos > 2:
                return _first_values(text)
        except (ValueError, RecursionError):
            return None
    return None


def types_of(node: Node) -> frozenset[str]:
    """Return the bare names of a node's types: `NewsArticle` for `http://schema.org/NewsArticle`."""
    value = node.get("@type")
    names = value if isinstance(value, list) else [value]
    return frozenset(re.split(r"[/:#]", name)[-1].strip() for name in names if isinstance(name, str))


def texts(value: Any, *, keys: tuple[str, ...] = ("name", "@value", "headline")) -> Iterator[str]:
    """Yield the texts a field holds: a string, an object that names itself, or a list of either."""
    if isinstance(value, str):
        if text := plain(value):
            yield text
    elif isinstance(value, dict):
        for key in keys:
            if value.get(key):
                yield from texts(value[key])
                return
    elif isinstance(value, list):
        for item in value:
            yield from texts(item)


def first_text(node: Node, *names: str) -> str | None:
    """Return the first text among these fields of a node."""
    for name in names:
        for text in texts(node.get(name)):
            return text
    return None


def _unwrapped(script: str) -> str:
    """Return a script without the comment and CDATA marks that hide it from old browsers."""
    text = script.strip().lstrip("\ufeff")
    for opening in _OPENINGS:
        text = text.removeprefix(opening).lstrip()
    for ending in _ENDINGS:
        text = text.removesuffix(ending).rstrip()
    return text


def _as_it_is(text: str) -> str:
    return text


def _commas(text: str) -> str:
    return _DOUBLE_COMMA.sub(",", _TRAILING_COMMA.sub(r"\1", _MISSING_COMMA.sub(r"\1,\2", text)))


def _escapes(text: str) -> str:
    return _BAD_ESCAPE.sub(r"\\\\", text)


def _quotes(text: str) -> str:
    return _BARE_QUOTE.sub(r"\"", text)


def _first_values(text: str) -> list[Any]:
    decoder = json.JSONDecoder(strict=False)
    values: list[Any] = []
    position = 0
    while position < len(text):
        try:
            value, position = decoder.raw_decode(text, position)
        except (ValueError, RecursionError):
            break
        values.append(value)
        while position < len(text) and text[position] in " \t\r\n,;":
            position += 1
    return values


def _top_level(value: Any, depth: int = 4) -> Iterator[Node]:
    if depth == 0:
        return
    if isinstance(value, list):
        for item in value:
            yield from _top_level(item, depth - 1)
    elif isinstance(value, dict):
        if value.get("@type"):
            yield value
        for key in ("@graph", "mainEntity", "mainEntityOfPage"):
            if isinstance(value.get(key), (dict, list)):
                yield from _top_level(value[key], depth - 1)


def _index(value: Any, by_id: dict[str, Node], depth: int) -> None:
    if depth == 0 or len(by_id) > _MAX_NODES:
        return
    if isinstance(value, dict):
        if isinstance(name := value.get("@id"), str) and len(value) > len(by_id.get(name, ())):
            by_id[name] = value
        for item in value.values():
            if isinstance(item, (dict, list)):
                _index(item, by_id, depth - 1)
    elif isinstance(value, list):
        for item in value[:100]:
            _index(item, by_id, depth - 1)


def _fitness(node: Node, own: set[str]) -> tuple[bool, bool, int]:
    """Return how likely a node describes the page's article: the larger, the likelier."""
    filled = sum(bool(node.get(name)) for name in ("headline", "datePublished", "author", "articleBody", "publisher"))
    kinds = types_of(node)
    return (_names_page(node, own), bool(kinds & _BEST_TYPES), filled)


def _names_page(node: Node, own: set[str]) -> bool:
    page = node.get("mainEntityOfPage")
    mentions = [node.get("url"), node.get("@id"), page.get("@id") if isinstance(page, dict) else page]
    return any(isinstance(url, str) and _bare(url) in own for url in mentions)


def _bare(url: str) -> str:
    """Return a URL without scheme, `www.`, query, fragment and last slash, for comparing."""
    bare = re.split(r"[?#]", url.strip().lower())[0].rstrip("/")
    return re.sub(r"^(?:https?:)?//(?:www\.|m\.|amp\.)?", "", bare)
