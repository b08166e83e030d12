from __future__ import annotations

import logging
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scrapy.settings import Settings

import crawler.settings
from crawler.setting_values import SettingError, check_values, log_level
from tests.running import environment, scrapy

NUMBERS_AND_SWITCHES = sorted(
    name for name, value in vars(crawler.settings).items() if name.isupper() and isinstance(value, bool | int | float)
)


def given_as(**values: Any) -> Settings:
    """Return the settings of the project with these on top, as the command line does."""
    settings = Settings()
    settings.setmodule(crawler.settings, priority="project")
    settings.setdict(values, priority="cmdline")
    return settings


def test_those_that_come_with_the_project_are_in_order() -> None:
    check_values(given_as())


@pytest.mark.parametrize("name", NUMBERS_AND_SWITCHES)
@pytest.mark.parametrize("value", ["veel", "", "nan", "1e400", "2 seconds", "None"])
def test_what_is_no_number_or_switch_is_named_with_its_remedy(name: str, value: str) -> None:
    with pytest.raises(SettingError) as error:
        check_values(given_as(**{name: value}))
    assert str(error.value).startswith(f"{name}={value}: give ")


@pytest.mark.parametrize("name", [n for n in NUMBERS_AND_SWITCHES if not isinstance(vars(crawler.settings)[n], bool)])
def test_no_number_of_ours_is_below_zero(name: str) -> None:
    with pytest.raises(SettingError, match=f"^{name}=-1: give a "):
        check_values(given_as(**{name: "-1"}))


@pytest.mark.parametrize("value", ["True", "true", "1", "False", "false", "0"])
def test_a_switch_is_what_scrapy_takes_for_one(value: str) -> None:
    check_values(given_as(TDM_OBEY=value))


@pytest.mark.parametrize(
    ("name", "fits", "too_much"),
    [
        ("EXTRACTION_TIMEOUT", "0.5", "0"),
        ("ARCHIVE_FILE_MB", "0.000001", "0"),
        ("FRONTIER_LEASE", "1", "0.9"),
        ("CONCURRENT_REQUESTS", "1", "0"),
        ("EXTRACTION_WORKERS", "0", "1.5"),
        ("READ_ALSO_DEPTH", "3", "3.0"),
        ("DOWNLOAD_TIMEOUT", "2.5", "inf"),
        ("SITEMAP_DAYS", "36500", "36501"),
        ("DOWNLOAD_MAXSIZE", "2000000000", "-1"),
        ("MONGODB_WAIT", "0", "2000000000"),
    ],
)
def test_bounds(name: str, fits: str, too_much: str) -> None:
    check_values(given_as(**{name: fits}))
    with pytest.raises(SettingError, match=name):
        check_values(given_as(**{name: too_much}))


def test_scrapys_own_are_numbers_whatever_they_mean() -> None:
    check_values(given_as(RETRY_PRIORITY_ADJUST="-3", FEED_EXPORT_INDENT=None, CLOSESPIDER_TIMEOUT="1.5"))
    with pytest.raises(SettingError, match=r"CLOSESPIDER_TIMEOUT=soon: give a number$"):
        check_values(given_as(CLOSESPIDER_TIMEOUT="soon"))


@given(st.sampled_from(NUMBERS_AND_SWITCHES), st.text() | st.integers() | st.floats() | st.booleans() | st.none())
def test_what_passes_can_be_read(name: str, value: Any) -> None:
    settings = given_as(**{name: value})
    try:
        check_values(settings)
    except SettingError:
        return
    match vars(crawler.settings)[name]:
        case bool():
            settings.getbool(name)
        case int():
            assert 0 <= settings.getint(name) < 1e16
        case _:
            assert 0 <= settings.getfloat(name) < math.inf


@pytest.mark.parametrize(("level", "spelled"), [("debug", "DEBUG"), ("Error", "ERROR"), (logging.INFO, "INFO")])
def test_log_level(level: Any, spelled: str) -> None:
    assert log_level(given_as(LOG_LEVEL=level)) == spelled


@pytest.mark.parametrize("level", ["veel", "", "10", None, 7])
def test_a_log_level_that_there_is_not(level: Any) -> None:
    with pytest.raises(SettingError, match=r"LOG_LEVEL=.*: give CRITICAL, ERROR, WARNING, INFO or DEBUG"):
        log_level(given_as(LOG_LEVEL=level))


@pytest.mark.parametrize(
    ("command", "setting"),
    [
        (("crawl", "news"), "EXTRACTION_WORKERS=two"),
        (("crawl", "backfill", "-a", "urls=README.md"), "TDM_OBEY=no"),
        (("crawl", "news"), "LOG_LEVEL=veel"),
        (("crawl", "news"), "PART_OF_RUN=zzz"),
        (("status",), "MONGODB_WAIT=-1"),
        (("replay",), "EXTRACTION_TIMEOUT=0"),
        (("extract", "README.md"), "DOWNLOAD_TIMEOUT=nooit"),
    ],
)
def test_a_command_says_it_in_a_line_before_it_begins(command: tuple[str, ...], setting: str) -> None:
    # No server listens there, and none is asked.
    ran = scrapy(*command, "-s", setting, env=environment(mongodb_uri="mongodb://127.0.0.1:1/", database="x"))
    assert ran.exit_code == 2, ran.said
    assert ran.stdout == "" or setting.startswith("LOG_LEVEL")
    assert f"{setting}: " in ran.stdout + ran.stderr
    assert "Traceback" not in ran.stderr
