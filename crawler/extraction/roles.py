"""What a part of a teaser card is for: headline, teaser, kicker or small print, by its mark-up and its form."""

from __future__ import annotations

import re
from enum import Enum
from typing import TYPE_CHECKING

from crawler.extraction.labels import kind_of
from crawler.extraction.lines import HEADINGS

if TYPE_CHECKING:
    from lxml.html import HtmlElement

    from crawler.extraction.lines import Unit


class Role(Enum):
    """What a part of a card is for."""

    TITLE = "title"
    """Marked as a headline."""
    KICKER = "kicker"
    """The words above the headline: section, subject, genre."""
    META = "meta"
    """Small print: time, author, credit, button."""
    TEASER = "teaser"
    """Marked as the sentences beneath the headline, or a paragraph."""
    OTHER = "other"
    """Not marked at all."""


def _named(*, anywhere: str, whole: str) -> re.Pattern[str]:
    """Return what finds one of some names in a class attribute, anywhere or as a word between other characters."""
    words = "|".join(whole.split())
    return re.compile("|".join([*anywhere.split(), f"(?<![a-z])(?:{words})(?![a-z])"]), re.IGNORECASE)


# Names by which designers call the parts of a card: English first, then the house languages of some systems.
_BY = _named(anywhere="byline author", whole="autor autore autores auteur")
_KICKER = _named(
    anywhere="kicker flag eyebrow overline rubri[ck] categor supertitle pre-?title suptitle top-?line dachzeile "
    "spitzmarke ressort antetitulo occhiello volanta roofline prefix overhead surtitre",
    whole="section label tags? topic channel theme sponsor prelabel",
)
_TEASER = _named(
    anywhere="standfirst excerpt summary abstract snippet vorspann anriss sommario bajada ch[aâ]p[oô] sub-?title "
    "sub-?head sub-?line (?<=-)teaser(?![\\w-])",
    whole="dek deck lead lede desc description intro preview copete",
)
_TITLE = _named(
    anywhere="title titel headline heading titre titulo titolo tittel hedtag hedlink",
    whole="hed head header hdl hl",
)
_META = _named(
    anywhere="screen-reader visually-hidden",
    whole="time timestamp date datum data fecha meta metainfo credits? copyright caption duration reading comments? "
    "counter share icon premium plus paywall badge source views cta button btn more readmore sr-only",
)

# "By Jan Jansen", "Von …", "Ein Interview von …"; the name begins with a capital.
_BYLINE = re.compile(
    r"^(?:(?:an?|eine?n?|een|une?|un[ao]?)\s+\w+\s+)?(?:[Bb]y|[Vv]on|[Dd]oor|[Pp]ar|[Pp]or|[Dd]i|[Aa]v|[Aa]f|Text|Tekst|Texte|Testo|[Ff]otos?|"
    r"Photo|Story by)[:\s]\s*[A-ZÀ-ÞŁŚŻČŠŽ][^.!?]{2,70}$"
)
_MONTHS = (
    "jan|feb|mar|mär|mrt|maa|apr|may|mai|maj|mei|jun|jui|jul|aug|aoû|ago|sep|set|okt|oct|ott|out|nov|dez|dec|déc|dic|des|"
    "ene|gen|fev|fév|abr|avr|mag|giu|lug|янв|фев|мар|апр|ма[йя]|июн|июл|авг|сен|окт|ноя|дек|січ|лют|бер|кві|тра|чер|лип|"
    "сер|вер|жов|лис|гру|sty|lut|kwi|cze|lip|sie|wrz|paź|lis|gru|oca|şub|nis|haz|tem|ağu|eyl|eki|kas|ara|led|úno|bře|dub|"
    "kvě|čer|srp|zář|říj|pro"
)
_UNITS_OF_TIME = (
    "s|sec|sek|m|min|mins|minuten|minutes?|minuti|minutos|h|hrs?|hours?|u|uur|std|stunden?|horas?|heures?|ore|timer|timmar|"
    "godz|d|days?|dagen|tage?n?|jours?|días|dias|giorni|dni|weeks?|weken|wochen|months?|мин|час\\w*|дн\\w*|хв|год|"
    "分|分前|時間|時間前|日前|小时前|小時前|分钟前|分鐘前|天前|분|시간|일"
)
_TIME = re.compile(
    rf"^(?:\D{{0,14}}\d{{1,4}}\s*(?:{_UNITS_OF_TIME})\b.{{0,12}}"
    r"|\d{1,2}[:.hu]\d{2}(?:\s*(?:uhr|uur|h|am|pm|[ap]\.m\.))?"
    r"|(?:\w{2,10}[.,]?\s+)?\d{1,4}[./年-]\s?\d{1,2}[./月-]?\s?(?:\d{1,4}日?)?(?:[,\s]+(?:\w{1,3}\s)?\d{1,2}[:.h]\d{2}.{0,6})?"
    rf"|(?:\w{{2,10}}[.,]?\s+)?\d{{1,2}}\.?\s+(?:de\s+)?(?:{_MONTHS})\w*\.?(?:,?\s+(?:de\s+)?\d{{4}})?(?:[,\s]+.{{0,8}}\d{{1,2}}[:.h]\d{{2}}.{{0,6}})?"
    rf"|(?:\w{{2,10}}[.,]?\s+)?(?:{_MONTHS})\w*\.?\s+\d{{1,2}}(?:,?\s+\d{{4}})?(?:[,\s]+.{{0,14}})?"
    r"|\d+)$",
    re.IGNORECASE,
)
_NAME = re.compile(
    r"^(?!.*[.!?…:]$)(?:[A-ZÀ-ÖØ-ÞŁŚŻČŠŽĐ][\w'’.-]+\s+)(?:(?:[A-Z]\.|van|von|de|der|den|ten|ter|di|da|del|della|la|le|el|al|bin|zu)\s+){0,3}"
    r"[A-ZÀ-ÖØ-ÞŁŚŻČŠŽĐ][\w'’-]+$"
)
"""First name and surname, with what stands between."""
_PARTS = re.compile(r"\s*(?:[·•|•]|//)\s*|\s+[–—-]\s+")
_LONGEST_SMALL_PRINT = 80
"""Characters."""


def role_of(unit: Unit, root: HtmlElement) -> Role:
    """Return what a unit is for, by the tags and class names between it and the root of its card, then by its form."""
    role = _role_of_markup(unit, root)
    if role is Role.TITLE and _NAME.match(unit.text):
        return role
    if role is not Role.META and is_small_print(unit.text):
        return Role.META
    if role is not Role.TITLE and kind_of(unit.text) is not None:
        return Role.KICKER
    return role


def is_small_print(text: str) -> bool:
    """Return whether a text is a time, a byline, or both and more in parts: `Jan Jansen · 12 april · 4 min`."""
    if _TIME.match(text) or _BYLINE.match(text) or _NAME.match(text):
        return True
    parts = _PARTS.split(text) if len(text) <= _LONGEST_SMALL_PRINT else []
    return len(parts) > 1 and any(_TIME.match(part) for part in parts)


def _role_of_markup(unit: Unit, root: HtmlElement) -> Role:
    in_paragraph = False
    for element in (unit.element, *unit.element.iterancestors()):
        tag = element.tag
        if tag == "time":
            return Role.META
        names = element.get("class")
        # The class of the card itself says what the card is, not what its text is.
        if names and (element is not root or tag in HEADINGS):
            role = _role_of_class(names)
            if role is Role.META and tag in HEADINGS and len(unit.text.split()) > 3:
                role = Role.TITLE
            # A link may be named for what it leads to (premium, section), not for what it says.
            if role is not Role.OTHER and (tag != "a" or role is Role.TITLE):
                return role
        if tag in HEADINGS:
            return Role.TITLE
        in_paragraph = in_paragraph or tag == "p"
        if element is root:
            break
    return Role.TEASER if in_paragraph else Role.OTHER


def _role_of_class(names: str) -> Role:
    # `teaser__title--large`: the block of a BEM name is the card, the element is the part.
    text = " ".join(name.split("__", 1)[-1] for name in names.split() if ":" not in name)
    if _BY.search(text):
        return Role.META
    if _KICKER.search(text):
        return Role.KICKER
    if _TEASER.search(text):
        return Role.TEASER
    if _TITLE.search(text):
        return Role.TITLE
    return Role.META if _META.search(text) else Role.OTHER
