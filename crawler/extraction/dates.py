"""What a written date means: an instant with its offset and precision, from machine formats and from prose."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from functools import cache
from importlib.resources import files

from crawler.article import DatePrecision, DateSource

EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
"""No page of the web is older; what claims to be is a default value (1970-01-01, 1900-01-01)."""
FUTURE = timedelta(days=1)
"""How far ahead an instant may lie: clocks differ, and so do days around the globe."""
_LONGEST = 300
"""Characters of a text that are searched for a date."""

_ZONE_MINUTES = {
    "z": 0, "utc": 0, "gmt": 0, "wet": 0, "west": 60, "bst": 60, "cet": 60, "mez": 60, "cest": 120, "mesz": 120,
    "eet": 120, "eest": 180, "msk": 180, "trt": 180, "sast": 120, "eat": 180, "wat": 60, "wib": 420, "hkt": 480,
    "sgt": 480, "jst": 540, "kst": 540, "aest": 600, "aedt": 660, "nzst": 720, "nzdt": 780, "edt": -240, "est": -300,
    "cdt": -300, "mdt": -360, "mst": -420, "pdt": -420, "pst": -480,
}  # fmt: skip
"""Abbreviations that mean one offset wherever papers use them; CST and IST mean several and are left out."""

_NUMERIC_ZONE = r"(?:UTC|GMT)?\s?[+\-−]\s?\d{1,2}(?::?\d{2})?(?!\d)"
_NAMED_ZONE = r"(?:" + "|".join(sorted(_ZONE_MINUTES, key=len, reverse=True)) + r")\b"
_ZONE = rf"(?P<zone>{_NUMERIC_ZONE}|{_NAMED_ZONE})?"
_ISO = re.compile(
    r"(?<!\d)(?P<year>(?:19|20)\d\d)(?P<sep>[-/.]?)(?P<month>\d{1,2})(?P=sep)(?P<day>\d{1,2})"
    r"(?:(?:\s*[T,]\s*|\s+(?:-\s+)?|(?<=\d{8})(?=\d{4}))(?P<hour>\d{1,2}):?(?P<minute>\d{2})"
    rf"(?::?(?P<second>\d{{2}})(?:[.,:]\d{{1,9}})?)?\s*{_ZONE}|(?!\d))",
    re.IGNORECASE,
)
_EPOCH = re.compile(r"\d{10}(?:\d{3})?")
# A word that may name a month: no \w, which leaves out the vowel signs of the Indic scripts.
_WORD = r"(?P<name>[^\s\d.,:;/|()\[\]–-]{2,20}(?: ال[^\s\d]{3,8})?)"
_IN_WORDS = (
    re.compile(
        r"(?<!\d)(?P<day>\d{1,2})(?:\.º?|º|er|st|nd|rd|th|-?(?:го|е))?[\s\-]*(?:(?:de|of|ta’|da)\s+|d['’])?"
        rf"{_WORD}\.?,?[\s\-]*(?:(?:de|del|lui)\s+)?(?P<year>\d{{4}})(?!\d)"
    ),
    re.compile(rf"{_WORD}\.?\s+(?P<day>\d{{1,2}})(?:st|nd|rd|th|a)?\s*,?\s+(?P<year>\d{{4}})(?!\d)"),
    re.compile(
        rf"(?<!\d)(?P<year>\d{{4}})(?:\.|,|-?e?ko|\s?m\.|\.?\s?gada)?\s+{_WORD}(?:\s+d\.)?\s+(?P<day>\d{{1,2}})(?!\d)"
    ),
    # Java's and Unix's: Wed Apr 24 10:00:00 CEST 2024.
    re.compile(rf"\b{_WORD}\s+(?P<day>\d{{1,2}})\s+[\d:]{{5,8}}\s+(?:[A-Za-z]{{3,5}}\s+)?(?P<year>\d{{4}})\b"),
)
_CJK = re.compile(
    r"(?<!\d)(?P<year>(?:19|20)\d\d)(?:\s?[年년]|\.)\s?(?P<month>\d{1,2})(?:\s?[月월]|\.)\s?(?P<day>\d{1,2})"
    r"(?:\s?[日일号號]|\.)?(?!\d)"
)
_NUMERIC = re.compile(
    r"(?<![\d.,/-])(?P<one>\d{1,2})(?P<sep>\s?[./-]\s?)(?P<two>\d{1,2})(?P=sep)(?P<year>\d{4}|\d{2})(?!\d|[./-]\d)"
)
_TIME = re.compile(
    r"(?P<noon>[ap]\.?m\.?|오전|오후|上午|下午)?\s?(?<![\d:.])(?P<hour>2[0-3]|[01]?\d)"
    r"(?:\s?[:.hHu時时시点]\s?(?P<minute>[0-5]\d)(?!\d)(?::(?P<second>[0-5]\d)(?!\d))?(?!\.?\d)[分분]?)?"
    rf"\s?(?P<half>[ap]\.?\s?m\b\.?)?\s?\(?{_ZONE}",
    re.IGNORECASE,
)
_AFTER, _BEFORE = 30, 22
"""How many characters behind and before a date its time is looked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Instant:
    """A point in time as a publisher writes it."""

    at: datetime
    """UTC; midnight where only the day is known; the clock's time read as UTC where no offset is named."""
    offset: int | None = None
    """The publisher's offset from UTC in minutes; None where none is named."""
    precision: DatePrecision
    """How exact it is."""
    source: DateSource
    """Which evidence gave it."""

    @property
    def local(self) -> datetime:
        """The same instant in the publisher's own time zone."""
        return self.at.astimezone(timezone(timedelta(minutes=self.offset or 0)))

    @property
    def timed(self) -> bool:
        """Whether a time of day is known."""
        return self.precision in (DatePrecision.MINUTE, DatePrecision.SECOND)


def plausible(instant: Instant, now: datetime) -> bool:
    """Tell whether an instant lies in the time of the web and no more than a day after `now`."""
    return EARLIEST <= instant.at <= now + FUTURE


def parse(text: str, source: DateSource, *, language: str | None = None, month_first: bool = False) -> Instant | None:
    """Return the first date in a text, with its time; None where there is none or it is impossible.

    Understands ISO 8601 and what publishers write for it, Unix times in seconds and milliseconds, RFC 5322, and
    dates in prose: month names in the languages of `months.toml` (`language`, a bare code, decides where a name
    means different months), Chinese, Japanese and Korean, all decimal digits, Thailand's years. A date in digits is
    read day first unless `month_first`. A midnight without an offset of its own is taken for a date without a time.
    """
    text = _ascii_digits(text.strip()[:_LONGEST])
    if _EPOCH.fullmatch(text):
        seconds = int(text[:10])
        return Instant(at=datetime.fromtimestamp(seconds, UTC), offset=0, precision=DatePrecision.SECOND, source=source)
    if match := _ISO.search(text):
        return _instant(source, _whole(match, "year", "month", "day"), match)
    for pattern in _IN_WORDS:
        for match in pattern.finditer(text):
            if month := month_number(match["name"], language):
                day = (_year(match["year"]), month, int(match["day"]))
                return _instant(source, day, _time_beside(text, match))
    if match := _CJK.search(text):
        return _instant(source, _whole(match, "year", "month", "day"), _time_beside(text, match))
    if match := _NUMERIC.search(text):
        return _instant(source, _ordered(match, month_first), _time_beside(text, match))
    return None


def month_number(name: str, language: str | None = None) -> int | None:
    """Return the number of the month that a word names, 1 to 12; None where it names none.

    `language` decides for names that mean different months (`listopada`: October in Croatian, November in Polish);
    without it such a name means nothing.
    """
    own, common = _months()
    word = name.lower().removesuffix(".")
    if language and (number := own.get("nb" if language == "no" else language, {}).get(word)):
        return number
    return common.get(word)


@cache
def _months() -> tuple[dict[str, dict[str, int]], dict[str, int]]:
    """Return the names of months by language, and those that mean the same month in all languages."""
    table = tomllib.loads(files(__package__).joinpath("months.toml").read_text(encoding="utf-8"))
    own = {
        language: {name: number for number, names in enumerate(rows, 1) for name in names.split(", ")}
        for language, rows in table.items()
    }
    meanings: dict[str, set[int]] = {}
    for names in own.values():
        for name, number in names.items():
            meanings.setdefault(name, set()).add(number)
    return own, {name: min(numbers) for name, numbers in meanings.items() if len(numbers) == 1}


def _instant(source: DateSource, day: tuple[int, int, int], time: re.Match[str] | None) -> Instant | None:
    hour, minute, second, offset = _clock(time)
    try:
        at = datetime(*day, hour or 0, minute, second or 0, tzinfo=timezone(timedelta(minutes=offset or 0)))
        at = at.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    if hour is None or (hour == minute == (second or 0) == 0 and not offset):
        at = datetime(*day, tzinfo=UTC)
        return Instant(at=at, offset=None, precision=DatePrecision.DAY, source=source)
    precision = DatePrecision.MINUTE if second is None else DatePrecision.SECOND
    return Instant(at=at, offset=offset, precision=precision, source=source)


def _clock(time: re.Match[str] | None) -> tuple[int | None, int, int | None, int | None]:
    """Return hour, minute, second and offset; the first None where there is no time."""
    if time is None or time["hour"] is None:
        return None, 0, None, None
    parts = time.groupdict()
    hour, half = int(parts["hour"]), (parts.get("half") or parts.get("noon") or "").lower()
    if hour < 12 and (half.startswith("p") or half in ("오후", "下午")):
        hour += 12
    elif hour == 12 and (half.startswith("a") or half in ("오전", "上午")):
        hour = 0
    second = parts["second"]
    return hour, int(parts["minute"] or 0), int(second) if second else None, _offset(parts["zone"])


def _time_beside(text: str, date: re.Match[str]) -> re.Match[str] | None:
    """Return the time of day behind a date, else the one before it."""
    behind = text[date.end() : date.end() + _AFTER]
    within = text[date.start() : date.end()]
    for part in (behind, text[max(0, date.start() - _BEFORE) : date.start()], within if ":" in within else ""):
        for match in _TIME.finditer(part):
            if match["minute"] or match["half"]:
                return match
    return None


def _offset(zone: str | None) -> int | None:
    """Return the minutes from UTC that a zone means: `Z`, `+0200`, `GMT+2`, `CEST`."""
    if not zone:
        return None
    zone = zone.lower()
    if (minutes := _ZONE_MINUTES.get(zone)) is not None:
        return minutes
    digits = re.sub(r"\D", "", zone)
    hours = int(digits[:-2]) if len(digits) > 2 else int(digits)
    minutes = hours * 60 + (int(digits[-2:]) if len(digits) > 2 else 0)
    if minutes > 14 * 60:
        return None
    return -minutes if "-" in zone or "−" in zone else minutes


def _whole(match: re.Match[str], *names: str) -> tuple[int, int, int]:
    year, month, day = (int(match[name]) for name in names)
    return year, month, day


def _ordered(match: re.Match[str], month_first: bool) -> tuple[int, int, int]:
    one, two, year = int(match["one"]), int(match["two"]), _year(match["year"])
    if two > 12 or (month_first and one <= 12):
        return year, one, two
    return year, two, one


def _year(digits: str) -> int:
    year = int(digits)
    if len(digits) == 2:
        return 2000 + year
    return year - 543 if 2500 < year < 2643 else year  # the Buddhist era, which Thailand counts in


def _ascii_digits(text: str) -> str:
    """Return a text with the decimal digits of all scripts as 0 to 9."""
    if text.isascii():
        return text
    return "".join(str(int(char)) if char.isdecimal() and not char.isascii() else char for char in text)
