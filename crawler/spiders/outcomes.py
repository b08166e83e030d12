"""What an error of Scrapy's downloader means for the ledger. Pure."""

from __future__ import annotations

from scrapy import exceptions
from twisted.internet.error import ConnectError, ConnectionClosed, DNSLookupError, TimeoutError
from twisted.web.client import ResponseFailed

from crawler.article import Failure, FailureReason, Rejection, RejectionReason
from crawler.politeness.perimeter import OutOfBounds
from crawler.politeness.robots import RobotsDenied, RobotsUnreachable
from crawler.politeness.scope import OffSite
from crawler.politeness.tdm import Reserved
from crawler.politeness.turns import HostAway

_REASONS: tuple[tuple[type[BaseException], FailureReason], ...] = (
    (exceptions.CannotResolveHostError, FailureReason.DNS),
    (DNSLookupError, FailureReason.DNS),
    (exceptions.DownloadTimeoutError, FailureReason.TIMEOUT),
    (TimeoutError, FailureReason.TIMEOUT),
    (exceptions.DownloadCancelledError, FailureReason.RESPONSE_TOO_LARGE),
    (exceptions.ResponseDataLossError, FailureReason.CONNECTION),
    (exceptions.DownloadConnectionRefusedError, FailureReason.CONNECTION),
    (exceptions.DownloadFailedError, FailureReason.CONNECTION),
    (exceptions.UnsupportedURLSchemeError, FailureReason.INVALID_URL),
    (ConnectError, FailureReason.CONNECTION),
    (ConnectionClosed, FailureReason.CONNECTION),
    (ResponseFailed, FailureReason.CONNECTION),
    (exceptions.NotSupported, FailureReason.BAD_RESPONSE),
    (OSError, FailureReason.BAD_RESPONSE),
)
_REFUSALS: tuple[tuple[type[BaseException], RejectionReason], ...] = (
    (RobotsDenied, RejectionReason.ROBOTS_TXT),
    (Reserved, RejectionReason.TDM_RESERVED),
    (OutOfBounds, RejectionReason.PRIVATE_ADDRESS),
    (OffSite, RejectionReason.OFF_SITE),
)
"""What we do not ask for, for reasons of our own."""


def outcome_of_error(error: BaseException, requested_url: str) -> Failure | Rejection:
    """Return how a page ends whose download raised `error`."""
    detail = _one_line(error)
    if isinstance(error, HostAway):
        return Failure(
            requested_url=requested_url, reason=FailureReason.HOST_FAILING, detail=_words(error), again_at=error.until
        )
    if isinstance(error, RobotsUnreachable):
        unknown = FailureReason.ROBOTS_UNREACHABLE
        return Failure(requested_url=requested_url, reason=unknown, detail=_words(error), again_at=error.until)
    if (refusal := next((why for kind, why in _REFUSALS if isinstance(error, kind)), None)) is not None:
        return Rejection(requested_url=requested_url, reason=refusal, detail=_words(error))
    if isinstance(error, exceptions.IgnoreRequest):
        # Scrapy tells these apart by their words alone.
        if "DOWNLOAD_MAXSIZE" in detail:
            return Failure(requested_url=requested_url, reason=FailureReason.RESPONSE_TOO_LARGE, detail=detail)
        if "robots.txt" in detail:
            return Rejection(requested_url=requested_url, reason=RejectionReason.ROBOTS_TXT)
        if "redirections" in detail:
            return Failure(requested_url=requested_url, reason=FailureReason.REDIRECT_LOOP, detail=detail)
        return Rejection(requested_url=requested_url, reason=RejectionReason.OFF_SITE, detail=detail)
    reason = next((reason for kind, reason in _REASONS if isinstance(error, kind)), FailureReason.BAD_RESPONSE)
    return Failure(requested_url=requested_url, reason=reason, detail=detail)


def outcome_of_status(status: int, requested_url: str) -> Failure:
    """Return how a page ends that was answered with an HTTP status other than 2xx and 304."""
    return Failure(
        requested_url=requested_url, reason=FailureReason.HTTP_STATUS, detail=f"HTTP {status}", status=status
    )


def _words(error: BaseException) -> str:
    """Return what an exception of ours says: it names no type, which would tell a person nothing."""
    return " ".join(str(error).split())[:300]


def _one_line(error: BaseException) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split())[:300].rstrip(": ")
