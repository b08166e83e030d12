"""Words to be found: which articles have them, or by which condition an article is known to.

MongoDB's text index knows in no time that a rare word is in a dozen articles; that a common one is in half of them it
tells as slowly as it is of no use, for no order but its own comes with it. So each word is first looked for up to
`RARE` times. The rare ones leave a few articles, of which the list then takes its page. Where all words are common, the
list is walked in its own order, and an article that has them is never far.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pymongo.errors import OperationFailure

from crawler.text_search import NO_GRAMMAR, Words, as_written, grammar_of, in_any_form

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pymongo.database import Database

RARE = 1_000
"""A word in fewer articles of a grammar than this is rare."""

_INDEX_NOT_FOUND = 27


class NoTextIndex(Exception):
    """The database has no text index, or it is being made; a crawl makes one."""


def having(
    database: Database[dict[str, Any]], words: Words, languages: Sequence[str], *, rare: int = RARE
) -> list[dict[str, Any]]:
    """Return the conditions that articles with these words meet. languages: those that come into question.

    A rare word is found in every form its grammar knows, a common one as it is written. Raises NoTextIndex, and
    PyMongoError.
    """
    grammars = [*sorted({grammar_of(language) for language in languages} | {NO_GRAMMAR}), None]
    candidates: set[str] | None = None
    conditions: list[dict[str, Any]] = [{"$nor": [as_written(word)]} for word in words.unwanted]
    for word in words.wanted:
        keys = _keys(database, word, grammars, rare)
        if keys is None:
            conditions.append(as_written(word))
        else:
            candidates = keys if candidates is None else candidates & keys
    if candidates is not None:
        conditions.insert(0, {"_id": {"$in": sorted(candidates)}})
    return conditions


def _keys(database: Database[dict[str, Any]], word: str, grammars: Sequence[str | None], rare: int) -> set[str] | None:
    """Return the `_id` of every article that has the word; None if it is common. Raises NoTextIndex."""
    found: set[str] = set()
    for grammar in grammars:
        try:
            rows = list(database["articles"].find(in_any_form(word, grammar), {"_id": 1}).limit(rare))
        except OperationFailure as error:
            if error.code != _INDEX_NOT_FOUND:
                raise
            raise NoTextIndex from None
        if len(rows) == rare:
            return None
        found |= {row["_id"] for row in rows}
    return found
