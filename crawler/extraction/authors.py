"""Names of authors: taken out of the strings in which publishers write them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from crawler.extraction.dates import month_number
from crawler.extraction.title import key

if TYPE_CHECKING:
    from collections.abc import Iterable

_LONGEST = 70
"""Characters of a name. The longest real ones seen are institutions of 60."""
_MOST = 25
"""Authors of one article; a longer list is a staff page."""

BY = (
    r"(?:(?:written|posted|published|reported|story|text|words|report|reviewed|edited)\s+by|by|von|vom|par|por|door|"
    r"przez|autor(?:in|en|a|ka|zy)?|author|auteure?s?|auttore|autore|autori|text|texte|tekst|testo|texto|words|"
    r"автор|авторка|текст|yazan|kirjoittaja|skribent|skrevet av|tekst og foto|av|af|di)"
)
"""What announces a byline, in the languages that have such a word."""
_PREFIX = re.compile(rf"(?:{BY})\s*:\s*|(?:{BY})\s+(?=[^\W\d_])", re.IGNORECASE)
_SAFE_PREFIX = re.compile(
    r"(?i:(?:written|posted|published|reported|story|text|words)\s+by|by|von|vom|par|por|door|przez|skrevet av|av|af)"
    r"\s+(?=[^\W\d_a-zà-ÿ][^\s]+\s+[^\s])|(?i:author|autor|auteur|autore|text|texte|tekst|words|автор|текст)\s*:\s*"
)
"""The same in a declaration, where `von der Leyen` must stay: only before two words, the first with a capital."""
_LABEL = re.compile(
    r"(?:作者|记者|記者|责任编辑|責任編輯|责编|責編|编辑|編輯|文)\s*[:：/]\s*"
    r"|(?:文|記者|记者)(?=[\u4e00-\u9fff]{2,4}$)|기자\s*$"
)
"""What stands before or behind names in Chinese, Japanese and Korean."""
_WORD_LABEL = re.compile(r"[^\W\d_]+\s*:\s+(?=\S+\s\S)")
_ADDRESS = re.compile(r"\S+@\S+\.\w+|https?://\S+|www\.\S+|(?<!\w)@\w+")
_BRACKET = re.compile(r"\s*[(\[][^)\]]*[)\]]")
_STRONG = re.compile(r"\s*(?:[;|•·、，؛،\n]|\s[-–—/+]\s|\s/|/\s)\s*")
_AND = re.compile(r"\s+(?:and|und|et|y|e|en|og|och|ja|i|a|и|та|ve|și|és|&|\+)\s+|\s*&\s*")
_PLACE = re.compile(r"\s+(?:in|à|aus|from|at|for|für|pour|per|bei|of)\s+(?=[A-ZÀ-Þ]).*$")
_DATE = re.compile(r"(?:^|\s+)(?:(?:on|am|le|il|op|el|em|den|kl)\s+)?(?:[^\W\d_]{3,10}\.?\s+)?\d.*$")
"""A date behind a name: `on December 4, 2006`, `am 21. April`."""
_ROLE = re.compile(
    r"\b(?:editor|reporter|correspondent|writer|journalist|columnist|contributor|producer|critic|analyst|chief|"
    r"head|fellow|staff|bureau|team|redakt\w+|korrespondent\w*|journalist\w*|periodista|redactor\w*|corresponsal|"
    r"giornalista|inviat[oa]|verslaggever|redact\w+|correspondent\w*|dziennikarz\w*|journaliste|rédact\w+|"
    r"professor\w*|published|updated?|aktualis\w+|letzte|video|photo\w*|foto\w*|min read|minutes?|lesezeit|"
    r"uhr|contributing|senior)\b",
    re.IGNORECASE,
)
# Short forms in which news agencies sign; all other short lower-case signs are initials of the staff.
_AGENCIES = frozenset(
    "afp ansa anp ap apa ats belga bta cna cp cpa ctk dpa efe epd kna kyodo lusa mti ntb pa pap pti ritzau rtr sda sid "
    "sita sta stt tanjug tass tt upi xinhua yonhap".split()
)
_NOBODY = frozenset(
    "admin administrator anonymous anonym author autor auteur default editor guest gast nobody none null redaction "
    "root system undefined unknown unbekannt user webmaster na nan noauthor false true website home news web "
    "nachrichten nieuws noticias notizie actualités".split()
)
_NEVER_IN_NAMES = re.compile(r"[\d<>{}=#@?!%$€©\[\]_\\]")
_INITIALS = re.compile(r"[^\W\d_]{1,4}(?:[./-][^\W\d_]{1,5})*\.?")
_CASED = re.compile(r"[A-Za-zÀ-ɏͰ-ϿЀ-ӿ]")
_PARTICLES = frozenset(
    "von van der den de del della di da dos das do du la le el al bin bint ben ter ten zu zur y e i af av d’ o’ st "
    "vom ibn dela 't".split()
)


def names_in(texts: Iterable[str], *, sites: Iterable[str] = (), byline: bool = False) -> tuple[str, ...]:
    """Return the names of authors that strings hold, each once, in order.

    Lists are taken apart, `Surname, First` is turned round, what announces or follows a name (by, roles, places,
    addresses) and signs of one or two letters are dropped. Names of the site, `sites`, are dropped beside others.
    With `byline` the strings are lines of a page instead of declarations: only what looks like a person's name, or
    stands behind a "By", counts.
    """
    own = {key(site) for site in sites} - {""}
    found: dict[str, str] = {}
    for text in texts:
        announced = byline and _PREFIX.match(text) is not None
        for place, name in enumerate(_split(text, byline=byline)):
            named = (
                (announced and not place and _capitalised(name)) or like_person(name) if byline else key(name) in own
            )
            if named or (not byline and _is_name(name)):
                found.setdefault(key(name), name)
    people = {mark: name for mark, name in found.items() if not _is_site(mark, own)}
    kept = people or ({} if byline else found)
    return tuple(kept.values())[:_MOST]


def _is_site(mark: str, own: set[str]) -> bool:
    """Tell whether a name is the site's or begins with it: `The Post`, `The Post Sport`."""
    return any(mark == name or (len(name) > 2 and mark.startswith(name)) for name in own)


def like_person(name: str) -> bool:
    """Tell whether a text has the shape of a person's name: two to five capitalised words, or a few CJK signs."""
    if _NEVER_IN_NAMES.search(name) or _ROLE.search(name) or not any(char.isalpha() for char in name):
        return False
    if not _CASED.search(name):
        return 1 < len(name) <= 20 and len(name.split()) <= 4
    words = [word for word in name.split() if word.lower() not in _PARTICLES]
    return (
        2 <= len(name.split()) <= 6
        and 1 <= len(words) <= 4
        and all(word[0].isupper() or not word[0].isalpha() for word in words)
        and name.rsplit(maxsplit=1)[-1].lower() not in _PARTICLES
    )


def _capitalised(name: str) -> bool:
    """Tell whether a text may be the name behind "By": one to four words with capitals, no sentence."""
    return _is_name(name) and len(name.split()) <= 4 and all(word[0].isupper() for word in name.split())


def _split(text: str, *, byline: bool) -> list[str]:
    """Return the parts of a string that may be names."""
    # Brackets first: an address in one, `The Post (www.post.example)`, would take the closing one along.
    text = _ADDRESS.sub(" ", _BRACKET.sub("", text)).strip(" ,;|-–—:*•·")
    text = (_PREFIX if byline else _SAFE_PREFIX).sub("", text, count=1) if _starts_with_by(text, byline) else text
    text = _LABEL.sub("", text)
    if byline:
        text = _DATE.sub("", _WORD_LABEL.sub("", text, count=1))
    parts: list[str] = []
    for strong in _STRONG.split(text):
        parts.extend(_commas(strong, first=not parts))
    return [name for part in parts if (name := _trimmed(part))]


def _starts_with_by(text: str, byline: bool) -> bool:
    return bool((_PREFIX if byline else _SAFE_PREFIX).match(text))


def _commas(text: str, *, first: bool) -> list[str]:
    """Return the names in a list with commas and a last "and"; of what stands behind a name, no role or place."""
    parts = [part.strip() for part in text.split(",") if part.strip()]
    if len(parts) == 2 and _is_surname_first(*parts):
        return [f"{parts[1]} {parts[0]}"]
    names: list[str] = []
    for part in parts:
        follows = bool(names) or not first
        people = _both(part)
        if follows and (_ROLE.search(part) or (len(part.split()) == 1 and _CASED.search(part) and not _agency(part))):
            continue
        names.extend(people)
    return names


def _both(text: str) -> list[str]:
    """Return the two sides of an "and" if both are full names; else the text as it is."""
    sides = [side.strip() for side in _AND.split(text) if side.strip()]
    if len(sides) > 1 and all(len(side.split()) > 1 and like_person(side) for side in sides):
        return sides
    text = re.sub(r"^(?:and|und|et|y|og|och|en)\s+", "", text)
    return [text]


def _is_surname_first(last: str, rest: str) -> bool:
    """Tell whether two parts around a comma are `Surname, First`: one word each, or a second initial."""
    return (
        len(last.split()) == 1
        and last[:1].isupper()
        and not last.isupper()
        and re.fullmatch(r"[^\W\d_][\w'’-]+(?:\s[^\W\d_]\.?)?", rest) is not None
        and rest[:1].isupper()
        and not _ROLE.search(rest)
        and not _agency(last)
        and not _agency(rest)
    )


def _agency(text: str) -> bool:
    return text.lower() in _AGENCIES or (text.isupper() and 2 < len(text) < 7)


def _trimmed(text: str) -> str:
    text = text.strip(' ,;|-–—:*•·\u00a0"“”')
    if len(_CASED.findall(text)) == len(text.replace(" ", "")) and (match := _PLACE.search(text)):
        before = text[: match.start()]
        if len(before.split()) > 1:
            return before
    return text


def _is_name(text: str) -> bool:
    if not 1 < len(text) <= _LONGEST or len(text.split()) > 8 or not any(char.isalpha() for char in text):
        return False
    if month_number(text) or key(text) in _NOBODY or text.startswith(("{", "<", "[", "#")) or "://" in text:
        return False
    if _INITIALS.fullmatch(text) and _CASED.search(text):
        parts = re.split(r"[./-]", text.strip(".").lower())
        return any(part in _AGENCIES for part in parts) or (text.isupper() and len(text) > 2)
    return True
