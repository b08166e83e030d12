"""What becomes of an article whose publisher reserves rights. Pure."""

from __future__ import annotations

from dataclasses import replace

from crawler.article import Article, Outcome, Rejection, RejectionReason, Rights


def with_host_rights(outcome: Outcome, host: Rights | None) -> Outcome:
    """Return an outcome with what its host's tdmrep.json reserves, where the page itself does not reserve it."""
    if host is None or not isinstance(outcome, Article) or outcome.rights.tdm_reserved:
        return outcome
    if outcome.rights.tdm_reserved is False and not host.tdm_reserved:
        return outcome
    return replace(outcome, rights=replace(host, robots=outcome.rights.robots))


def as_permitted(outcome: Outcome, *, licensed: bool, obey_noarchive: bool) -> Outcome:
    """Return an outcome, or its rejection where the publisher does not want its text kept.

    licensed: the user may mine what is reserved; obey_noarchive: the robots directive `noarchive` counts.
    """
    if not isinstance(outcome, Article):
        return outcome
    rights = outcome.rights
    if rights.tdm_reserved and not licensed:
        where = f"; licences: {rights.tdm_policy}" if rights.tdm_policy else ""
        return _rejected(outcome, RejectionReason.TDM_RESERVED, f"reserved by its {rights.source}{where}")
    if obey_noarchive and "noarchive" in rights.robots:
        return _rejected(outcome, RejectionReason.NOARCHIVE, "its robots directives say noarchive")
    return outcome


def _rejected(article: Article, reason: RejectionReason, detail: str) -> Rejection:
    return Rejection(
        requested_url=article.fetch.requested_url, reason=reason, detail=detail, status=article.fetch.status
    )
