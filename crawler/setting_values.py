"""What numbers and switches among the settings may be: a mistake is one line before a run, and no failure within it."""

from __future__ import annotations

import logging
import math
from types import ModuleType
from typing import TYPE_CHECKING

from scrapy.settings import default_settings

import crawler.settings

if TYPE_CHECKING:
    from scrapy.settings import BaseSettings

_SOMETHING = 1e-9
"""Least of what may not be 0: a time in which nothing can be done, a file without room."""
_LEAST = {
    "EXTRACTION_TIMEOUT": _SOMETHING,
    "DOWNLOAD_TIMEOUT": _SOMETHING,
    "FRONTIER_LEASE": 1,
    "REMOTE_PIECE_MB": _SOMETHING,
    "ARCHIVE_FILE_MB": _SOMETHING,
    "CONCURRENT_REQUESTS": 1,
    "CONCURRENT_REQUESTS_PER_DOMAIN": 1,
    "CONCURRENT_ITEMS": 1,
    "SCRAPER_SLOT_MAX_ACTIVE_SIZE": 1,
}
"""What a number of ours must be at least, where that is not 0."""
_BYTES = 1e15
_MOST = {
    "SITEMAP_DAYS": 36_500,
    "DOWNLOAD_MAXSIZE": _BYTES,
    "DOWNLOAD_WARNSIZE": _BYTES,
    "SCRAPER_SLOT_MAX_ACTIVE_SIZE": _BYTES,
}
_USUAL_MOST = 1e9
"""What one may be at most: in seconds thirty years, so that a date can still be counted on by it."""


class SettingError(ValueError):
    """A setting that cannot be used; the message names it and the remedy."""


def check_values(settings: BaseSettings) -> None:
    """Raise SettingError where a setting that is a number or a switch by default is something else, or out of bounds.

    Scrapy's own may be any number, as some mean something below 0; those that `crawler/settings.py` has are bounded.
    """
    for name, default in _defaults(default_settings).items():
        if settings[name] is not None:
            _check(settings, name, default, least=-math.inf, most=math.inf, whole=False)
    for name, default in _defaults(crawler.settings).items():
        least, most = _LEAST.get(name, 0), _MOST.get(name, _USUAL_MOST)
        _check(settings, name, default, least=least, most=most, whole=isinstance(default, int))


def log_level(settings: BaseSettings) -> str:
    """Return LOG_LEVEL as `logging` spells it. Raises SettingError."""
    level = settings["LOG_LEVEL"]
    spelled = logging.getLevelName(level) if isinstance(level, int) else str(level).upper()
    if spelled not in logging.getLevelNamesMapping():
        raise SettingError(f"LOG_LEVEL={level}: give CRITICAL, ERROR, WARNING, INFO or DEBUG")
    return spelled


def _defaults(module: ModuleType) -> dict[str, bool | int | float]:
    return {
        name: value
        for name, value in vars(module).items()
        if name.isupper() and name[0] != "_" and isinstance(value, bool | int | float)
    }


def _check(
    settings: BaseSettings, name: str, default: bool | int | float, *, least: float, most: float, whole: bool
) -> None:
    try:
        if isinstance(default, bool):
            settings.getbool(name)
            return
        number = settings.getint(name) if whole else settings.getfloat(name)
        if least <= number <= most:
            return
    except (ValueError, TypeError, OverflowError):
        pass
    remedy = "True or False" if isinstance(default, bool) else f"a{' whole' * whole} number{_between(least, most)}"
    raise SettingError(f"{name}={settings[name]}: give {remedy}")


def _between(least: float, most: float) -> str:
    if most == math.inf:
        return ""
    return f" above 0, at most {most:,.0f}" if least == _SOMETHING else f" from {least:.0f} to {most:,.0f}"
