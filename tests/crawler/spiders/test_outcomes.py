from datetime import UTC, datetime

import pytest
from scrapy import exceptions
from twisted.internet.error import ConnectionLost, DNSLookupError

from crawler.article import Failure
from crawler.politeness.perimeter import OutOfBounds
from crawler.politeness.robots import RobotsDenied, RobotsUnreachable
from crawler.politeness.tdm import Reserved
from crawler.politeness.turns import HostAway
from crawler.spiders.outcomes import outcome_of_error, outcome_of_status

URL = "https://k.example/1"
LATER = datetime(2026, 3, 3, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (exceptions.CannotResolveHostError("x"), "dns"),
        (DNSLookupError("x"), "dns"),
        (exceptions.DownloadTimeoutError("took longer"), "timeout"),
        (exceptions.DownloadCancelledError("too large"), "response-too-large"),
        (exceptions.IgnoreRequest("its body exceeded DOWNLOAD_MAXSIZE (1 B)"), "response-too-large"),
        (exceptions.DownloadConnectionRefusedError("x"), "connection"),
        (exceptions.ResponseDataLossError("x"), "connection"),
        (ConnectionLost("x"), "connection"),
        (exceptions.UnsupportedURLSchemeError("gopher"), "invalid-url"),
        (OSError("Not a gzipped file"), "bad-response"),
        (RuntimeError("what nobody thought of"), "bad-response"),
        (exceptions.IgnoreRequest("Forbidden by robots.txt"), "robots-txt"),
        (exceptions.IgnoreRequest("max redirections reached"), "redirect-loop"),
        (exceptions.IgnoreRequest("Filtered offsite request"), "off-site"),
        (HostAway("k.example asked to be left alone", until=LATER), "host-failing"),
        (RobotsUnreachable("HTTP 503", until=LATER), "robots-unreachable"),
        (RobotsDenied("https://k.example/robots.txt disallows it"), "robots-txt"),
        (Reserved("tdmrep.json reserves /"), "tdm-reserved"),
        (OutOfBounds("169.254.169.254 is a local address"), "private-address"),
    ],
)
def test_each_error_has_its_reason(error: BaseException, reason: str) -> None:
    assert outcome_of_error(error, URL).reason == reason


@pytest.mark.parametrize("error", [HostAway("x", until=LATER), RobotsUnreachable("x", until=LATER)], ids=repr)
def test_what_was_left_for_later_says_when(error: BaseException) -> None:
    outcome = outcome_of_error(error, URL)
    assert isinstance(outcome, Failure)
    assert outcome.again_at == LATER


def test_what_an_error_says_stays_one_short_line() -> None:
    outcome = outcome_of_error(OSError("een\nregel\r\nen " + "nog een " * 200), URL)
    assert "\n" not in outcome.detail
    assert len(outcome.detail) <= 300


def test_status() -> None:
    outcome = outcome_of_status(404, URL)
    assert (outcome.reason, outcome.detail, outcome.status) == ("http-status", "HTTP 404", 404)
