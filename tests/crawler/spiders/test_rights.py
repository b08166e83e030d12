from collections.abc import Callable

import pytest

from crawler.article import Article, Rejection, RejectionReason, Rights
from crawler.spiders.rights import as_permitted, with_host_rights

HOST = Rights(tdm_reserved=True, source="tdmrep.json", tdm_policy="https://k.example/licentie")
FREE = Rights(tdm_reserved=False, source="tdmrep.json")


@pytest.mark.parametrize(
    ("own", "host", "after"),
    [
        (Rights(robots=("noindex",)), HOST, (True, "tdmrep.json", ("noindex",))),
        (Rights(tdm_reserved=False, source="meta"), HOST, (True, "tdmrep.json", ())),
        (Rights(tdm_reserved=True, source="header"), HOST, (True, "header", ())),
        (Rights(tdm_reserved=True, source="header"), FREE, (True, "header", ())),
        (Rights(tdm_reserved=False, source="meta"), FREE, (False, "meta", ())),
        (Rights(), FREE, (False, "tdmrep.json", ())),
        (Rights(), None, (None, None, ())),
    ],
    ids=range(7),
)
def test_who_reserves_comes_before_who_does_not(
    make_article: Callable[..., Article], own: Rights, host: Rights | None, after: tuple[object, ...]
) -> None:
    outcome = with_host_rights(make_article(rights=own), host)
    assert isinstance(outcome, Article)
    assert (outcome.rights.tdm_reserved, outcome.rights.source, outcome.rights.robots) == after


def test_a_reserved_text_is_not_kept_and_its_row_says_where_a_licence_is_to_be_had(
    make_article: Callable[..., Article],
) -> None:
    article = make_article(rights=HOST)
    outcome = as_permitted(article, licensed=False, obey_noarchive=False)
    assert isinstance(outcome, Rejection)
    assert outcome.reason is RejectionReason.TDM_RESERVED
    assert outcome.page_id == article.page_id
    assert "https://k.example/licentie" in outcome.detail
    assert as_permitted(article, licensed=True, obey_noarchive=False) is article


def test_noarchive_counts_where_the_setting_says_so(make_article: Callable[..., Article]) -> None:
    article = make_article(rights=Rights(robots=("noarchive",)))
    assert as_permitted(article, licensed=False, obey_noarchive=False) is article
    outcome = as_permitted(article, licensed=True, obey_noarchive=True)
    assert isinstance(outcome, Rejection)
    assert outcome.reason is RejectionReason.NOARCHIVE


def test_noindex_is_a_right_that_is_stored(make_article: Callable[..., Article]) -> None:
    article = make_article(rights=Rights(robots=("noindex",)))
    assert as_permitted(article, licensed=False, obey_noarchive=True) is article
