"""What becomes of a batch of outcomes, given what is known of its articles: documents, revisions, settlements. Pure."""

from __future__ import annotations

import dataclasses
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import bson
import bson.errors
from bson.codec_options import CodecOptions

from crawler.article import (
    Article,
    DatePrecision,
    Failure,
    FailureReason,
    NotModified,
    Outcome,
    Rejection,
    RejectionReason,
    Via,
)
from crawler.article import to_document as document_of
from crawler.frontier.ledger import PageState, Settlement
from crawler.url import InvalidURL, article_id, canonical_url
from pipelines.dedupe import SAME_TEXT, Link, Member, links, signed
from pipelines.fingerprint import content_hash
from pipelines.history import Document, says_the_same, versions_of, with_capture
from pipelines.minhash import signature
from pipelines.store_batch import ArticleWrite, Known, Plan, RevisionWrite
from pipelines.validate import MAX_DOCUMENT_BYTES, clean_text, utc_milliseconds

SAME_URL = "same-url"
"""Reason of a duplicate page: it leads to an article that another URL gave us."""
SAME_TEXT_REASON = "same-text"
"""Reason of a duplicate page: its article repeats the text of an earlier one."""
NEAR_DUPLICATE = "near-duplicate"
"""Reason of a duplicate page: its article says nearly the same as an earlier one."""

OWN_PAGE_FRESH = timedelta(days=1)
"""So long the page an article came from speaks for it alone; then another URL (AMP, mobile) may bring its changes."""

MAX_ALIASES = 200
"""A paper whose every page names one and the same canonical URL must not make one document grow without end."""

MAX_DETAIL = 500
"""Characters of the evidence kept in a page's row."""

_DATE_FIELDS = ("date", "published_at", "published_offset", "published_source", "published_precision")
_OF_REVISIONS = frozenset({"article_id", "changed", "replaced_at"})
_PRECISION = {None: 0, DatePrecision.MONTH: 1, DatePrecision.DAY: 2, DatePrecision.MINUTE: 3, DatePrecision.SECOND: 4}
_BOOKKEEPING = frozenset(
    "_id schema fetched_url aliases related language_confidence language_source search_language word_count "
    "content_hash signature bands duplicate_of similarity revision first_seen_at last_seen_at changed_at fetch "
    "extractor".split()
)
_AS_READ: CodecOptions[Mapping[str, Any]] = CodecOptions(tz_aware=True, tzinfo=UTC)


def plan(outcomes: Sequence[Outcome], known: Known, *, now: datetime) -> Plan:
    """Decide what becomes of a batch. now: UTC; no instant that is written lies after it.

    Every outcome's page gets exactly one settlement. An article that cannot be stored at all settles as failed, and
    takes no other with it.
    """
    steps = planning(outcomes, known, now=now)
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return cast("Plan", end.value)


def planning(outcomes: Sequence[Outcome], known: Known, *, now: datetime) -> Generator[None, None, Plan]:
    """Do the same in steps, each of a millisecond or less; the generator returns the plan."""
    now = _milliseconds(now)
    outcomes = [_as_known(outcome, known) if isinstance(outcome, Article) else outcome for outcome in outcomes]
    yield
    groups: dict[str, list[Article]] = {}
    for outcome in outcomes:
        if isinstance(outcome, Article):
            groups.setdefault(outcome.id, []).append(outcome)
    drafts: list[_Draft] = []
    for key, pages in groups.items():
        drafts.append(_draft(pages, known.articles.get(key), known.revisions.get(key, ()), now))
        yield
    good = [draft for draft in drafts if not draft.refusal]
    links = _links([draft.document for draft in good], known.nearby)
    yield
    good = [dataclasses.replace(draft, document={**draft.document, **links[draft.id]}) for draft in good]
    settlements: dict[str, Settlement] = {}
    for draft in (*good, *(draft for draft in drafts if draft.refusal)):
        for settlement in _settle_group(draft, now):
            settlements.setdefault(settlement.page_id, settlement)
        yield
    touches: dict[str, datetime] = {}
    for outcome in outcomes:
        if isinstance(outcome, NotModified) and (found := known.by_page.get(outcome.page_id)):
            at = min(_milliseconds(outcome.at), now)
            touches[found] = max(at, touches.get(found, at))
        if not isinstance(outcome, Article):
            settlements.setdefault(outcome.page_id, _settle_other(outcome, known, now))
    changed = [draft for draft in good if draft.before is not None and draft.changed]
    return Plan(
        leaving=frozenset(
            draft.id
            for draft in changed
            if draft.before and draft.before.get("content_hash") not in {None, draft.document["content_hash"]}
        ),
        revisions=[revision for draft in good for revision in draft.revisions],
        writes=[ArticleWrite(document=draft.document, before=draft.before, room=draft.room) for draft in good],
        touches={key: at for key, at in touches.items() if key not in groups},
        settlements=settlements,
        reconsider=frozenset(
            draft.document["content_hash"]
            for draft in good
            if draft.before and draft.before.get("published_at") != draft.document["published_at"]
        ),
    )


def keys_of(article: Article) -> set[str]:
    """Return the keys under which an article may have been forgotten: its own, and those of the page it came from."""
    return {article.id, article.page_id, *filter(None, [_page_key(article.fetched_url)])}


def _as_known(article: Article, known: Known) -> Article | Rejection:
    """Return the article with its links as far as they may be known, or a Rejection where it may not be itself."""
    if not known.forgotten.isdisjoint(keys_of(article)):
        url, status = article.fetch.requested_url, article.fetch.status
        return Rejection(requested_url=url, reason=RejectionReason.FORGOTTEN, status=status)
    links = tuple(
        dataclasses.replace(link, article_id=known.targets.get(link.article_id, link.article_id))
        for link in article.related
        if known.forgotten.isdisjoint({link.article_id, known.targets.get(link.article_id)})
    )
    return article if links == article.related else dataclasses.replace(article, related=links)


def refused(settlement: Settlement, detail: str) -> Settlement:
    """Return the settlement of a page whose article MongoDB did not take."""
    return dataclasses.replace(
        settlement,
        state=PageState.FAILED,
        reason=FailureReason.STORE,
        detail=_one_line(detail),
        article_id=None,
        # Empty: the ledger takes None for "as before", and then a 304 would keep the article out for good.
        etag="",
        last_modified="",
    )


def failed(page_id: str, detail: str, *, now: datetime) -> Settlement:
    """Return the settlement of a page whose outcome could not even be planned."""
    return refused(Settlement(page_id=page_id, state=PageState.FAILED, at=_milliseconds(now)), detail)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Draft:
    """One article of the batch, all the pages that led to it taken together."""

    pages: Sequence[Article]
    """What each page gave, the one that speaks for the article first."""
    before: Document | None
    document: Document
    changed: bool
    """A new article, or one of which there is a version more than there was."""
    revisions: Sequence[RevisionWrite] = ()
    """Earlier versions to write."""
    room: int | None = None
    """The article's number where these need the one it had."""
    reason: str | None = None
    """Why the first page is a duplicate, apart from its text."""
    refusal: str = ""
    """Why it cannot be stored; empty if it can."""

    @property
    def id(self) -> str:
        return self.pages[0].id


def _draft(pages: Sequence[Article], before: Document | None, past: Sequence[Document], now: datetime) -> _Draft:
    source = _page_key((before.get("fetch") or {}).get("requested_url")) if before else None

    def rank(page: Article) -> tuple[bool, bool, float, str]:
        # The canonical URL's own page, then the page we know, then the latest answer.
        return page.page_id != page.id, page.page_id != source, -_seen(page, now).timestamp(), page.page_id

    pages = sorted(pages, key=rank)
    first = signed(pages[0])
    seen = max(_seen(page, now) for page in pages)
    aliases = sorted(frozenset[str]().union(*map(_urls, pages), (before or {}).get("aliases") or ()) - {first.url})
    common = {"aliases": aliases[:MAX_ALIASES], "last_seen_at": seen}
    revisions: list[Document] = []
    as_read, room = {revision["_id"]: revision for revision in past}, None
    if before is None:
        history = {"revision": 1, "first_seen_at": seen, "changed_at": seen}
        document, changed, reason = {**document_of(first), **common, **history}, True, None
    else:
        common["last_seen_at"] = last_seen = _latest(seen, before.get("last_seen_at"))
        document = {**document_of(first), **_best_date(before, document_of(first)), **common}
        changed = not says_the_same(before, document)
        reason = None if first.page_id == source else SAME_URL
        if not _speaks(first, before, source, seen):
            document, changed = {**before, **common}, False
        elif is_past(first, before):
            known = versions_of(before, past)
            *earlier, newest = versions = with_capture(known, document, seen)
            document, changed = {**newest, **common}, len(versions) > len(known)
            document["first_seen_at"] = min(seen, before.get("first_seen_at") or seen)
            revisions = [
                revision_of(old, new, old.get("replaced_at") or now)
                for old, new in reversed(list(zip(earlier, versions[1:], strict=True)))
            ]
            room = newest["revision"] if newest["revision"] != before.get("revision") else None
        else:
            number = _number_of(before, past)
            document["first_seen_at"] = before.get("first_seen_at") or seen
            document["revision"] = number + changed
            document["changed_at"] = last_seen if changed else before.get("changed_at")
            revisions = [revision_of({**before, "revision": number}, document, now)] if changed else []
    if not document.get("content_hash"):
        document |= {"content_hash": content_hash(document["text"]), "signature": signature(document["text"])}
    try:
        encoded = bson.encode(document)
    except (bson.errors.BSONError, OverflowError, UnicodeError, TypeError) as error:
        refusal = f"{type(error).__name__}: {error}"
        return _Draft(pages=pages, before=before, document={}, changed=changed, refusal=refusal)
    refusal = f"{len(encoded):,} bytes, and MongoDB takes {MAX_DOCUMENT_BYTES:,}"
    return _Draft(
        pages=pages,
        before=before,
        # As it will come back: instants cut to milliseconds, lists for tuples. Most are so already.
        document=document if _is_new_and_clean(first, before) else bson.decode(encoded, codec_options=_AS_READ),
        changed=changed,
        revisions=[RevisionWrite(document=each, before=as_read.get(each["_id"])) for each in revisions],
        room=room,
        reason=reason,
        refusal=refusal if len(encoded) > MAX_DOCUMENT_BYTES else "",
    )


def _is_new_and_clean(article: Article, before: Document | None) -> bool:
    """Whether nothing goes into a document but an article whose instants are such as MongoDB keeps."""
    instants = (article.published_at, article.modified_at, article.fetch.at)
    return before is None and all(at is None or utc_milliseconds(at) is at for at in instants)


def _number_of(newest: Document, past: Sequence[Document]) -> int:
    """Return the number of the version that is the newest: above those before it, which may have moved up meanwhile."""
    dated = all(version.get("changed_at") is not None for version in (newest, *past))
    earlier = versions_of(newest, past)[:-1] if dated else past
    numbers: list[int] = [newest.get("revision") or 1, *(version["revision"] + 1 for version in earlier)]
    return max(numbers)


def _speaks(page: Article, before: Document, source: str | None, seen: datetime) -> bool:
    """Whether what this page says is taken as what the article is now."""
    last_read = (before.get("fetch") or {}).get("at")
    return page.page_id in {page.id, source} or last_read is None or seen - last_read > OWN_PAGE_FRESH


def is_past(page: Article, before: Document) -> bool:
    """Whether an archive gives what an article was at a time before it was last seen."""
    at: datetime | None = page.fetch.at
    last_seen: datetime | None = before.get("last_seen_at")
    if (
        page.fetch.via not in (Via.WARC, Via.WAYBACK)
        or at is None
        or last_seen is None
        or before.get("changed_at") is None
    ):
        return False
    return _milliseconds(at) < last_seen


def _links(documents: Sequence[Document], nearby: Sequence[Member]) -> dict[str, dict[str, Any]]:
    """Return `duplicate_of`, `similarity` and `bands` of each document, from the others and what the database holds."""
    members = [member_of(document) for document in documents]
    # What the batch says of an article replaces what the database says of it.
    own = {member.id for member in members}
    found = links(members, beside=[member for member in nearby if member.id not in own])
    return {key: link.as_fields() for key, link in found.items()}


def member_of(document: Document) -> Member:
    """Return what decides about duplicates in a document of `articles`."""
    return Member(
        id=document["_id"],
        published_at=document.get("published_at"),
        first_seen_at=document.get("first_seen_at"),
        content_hash=document["content_hash"],
        signature=document.get("signature"),
    )


def _settle_group(draft: _Draft, now: datetime) -> list[Settlement]:
    first, *others = draft.pages
    if draft.refusal:
        return [refused(_settlement(page, PageState.FAILED, None, now), draft.refusal) for page in draft.pages]
    repeated = draft.document["duplicate_of"]
    state, reason, detail = PageState.STORED, None, ""
    if draft.changed and repeated:
        exact = draft.document["similarity"] == SAME_TEXT
        state, reason = PageState.DUPLICATE, SAME_TEXT_REASON if exact else NEAR_DUPLICATE
        detail = f"repeats {repeated}"
    elif not draft.changed and draft.reason:
        state, reason = PageState.DUPLICATE, draft.reason
    elif not draft.changed:
        state = PageState.UNCHANGED
    own = dataclasses.replace(_settlement(first, state, reason, now), detail=detail)
    return [own, *(_settlement(page, PageState.DUPLICATE, SAME_URL, now) for page in others)]


def _settlement(page: Article, state: PageState, reason: str | None, now: datetime) -> Settlement:
    return Settlement(
        page_id=page.page_id,
        state=state,
        reason=reason,
        article_id=page.id,
        status=page.fetch.status,
        etag=page.fetch.etag,
        last_modified=page.fetch.last_modified,
        published_at=page.published_at,
        at=now,
    )


def _settle_other(outcome: Rejection | Failure | NotModified, known: Known, now: datetime) -> Settlement:
    if isinstance(outcome, NotModified):
        article = known.by_page.get(outcome.page_id)
        found = Settlement(page_id=outcome.page_id, state=PageState.UNCHANGED, article_id=article, status=304, at=now)
        return found if article else refused(found, "not modified, but its article is gone: fetched anew next time")
    return Settlement(
        page_id=outcome.page_id,
        state=PageState.REJECTED if isinstance(outcome, Rejection) else PageState.FAILED,
        reason=outcome.reason,
        detail=_one_line(outcome.detail),
        status=outcome.status,
        again_at=outcome.again_at if isinstance(outcome, Failure) else None,
        at=now,
    )


def revision_of(before: Document, after: Document, now: datetime) -> Document:
    """Return the earlier version as a document of `revisions`; its `_id` makes writing it twice harmless."""
    kept = _BOOKKEEPING | _OF_REVISIONS
    fields = [name for name in after if name not in kept and before.get(name) != after[name]]
    key, number = before.get("article_id") or before["_id"], before.get("revision") or 1
    # Links to articles that say the same are those of what the article is now.
    own = {**Link().as_fields(), "first_seen_at": before.get("changed_at")}
    return {**before, **own, "_id": f"{key}:{number}", "article_id": key, "changed": fields, "replaced_at": now}


def _best_date(before: Document, after: Document) -> dict[str, Any]:
    """Return the date fields of whichever is more exact: what a feed once told is not forgotten."""

    def exactness(document: Document) -> tuple[int, bool]:
        known = _PRECISION.get(document.get("published_precision"), 0)
        return known or bool(document.get("date")), document.get("published_offset") is not None

    best = before if exactness(before) > exactness(after) else after
    return {name: best.get(name) for name in _DATE_FIELDS}


def _one_line(detail: str) -> str:
    """Return the evidence as a row and a log can hold it: it may be what a page says."""
    return " ".join(clean_text(detail).split())[:MAX_DETAIL]


def _seen(page: Article, now: datetime) -> datetime:
    return min(_milliseconds(page.fetch.at), now) if page.fetch.at else now


def _latest(one: datetime, other: datetime | None) -> datetime:
    return max(one, other) if other else one


def _milliseconds(instant: datetime) -> datetime:
    return instant.replace(microsecond=instant.microsecond // 1000 * 1000)


def _urls(page: Article) -> set[str]:
    """Every URL that led to the article, as written and in canonical form, by which links are followed."""
    written = {page.fetch.requested_url, page.fetched_url}
    return {*page.aliases, *written, *map(canonical_url, written)}


def _page_key(url: str | None) -> str | None:
    try:
        return article_id(url) if url else None
    except InvalidURL:
        return None
