"""A card: what a page says about one other article. Which of its words are the headline, which the teaser."""

from __future__ import annotations

import re
from itertools import islice
from typing import TYPE_CHECKING

from crawler.extraction.labels import kind_of, label_at_start
from crawler.extraction.lines import HEADINGS, INLINE
from crawler.extraction.roles import Role, role_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from lxml.html import HtmlElement

    from crawler.extraction.lines import Unit


LONGEST_TITLE = 260
"""Characters; a longer text is no headline."""
_LONGEST_KICKER = 3
"""Words."""
LONGEST_TEASER = 600
"""Characters; a longer text is prose."""

_WORD = re.compile(r"[^\W_]\S*")
_ELISION = re.compile(r"\b\w{1,2}['’](?=\w{3})")
_WIDE = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\u0e00-\u0e7f]")
_LEADING = re.compile(r"^[\s:：•·●▪■►▶▸»›>→\-–—|*+✓]+(?=\S)|^\[\+\]\s*")
_TRAILING = re.compile(r"[\s»›→|▸►▶·•]+$")
_BETWEEN = re.compile(r"^[\s.:–—|-]+(?=\S)")
_SENTENCE_END = re.compile(r"[.!?…。！？][\"'”’»)]?$")
_FULL_STOP = re.compile(r"[.…。][\"'”’»)]?$")


_PROMOTION = re.compile(
    r"newsletter|nieuwsbrief|infolettre|nyhedsbrev|nyhetsbrev|uutiskirje|ニュースレター|メルマガ"
    r"|\b(?:boletín|rundbrief|subscri(?:be|ption)|suscr[ií]b|abonn(?:ier|e[zr]-|ement)|iscriviti|assine|subscreva"
    r"|download (?:the|our|de|onze) |sign up|schrijf je in|meld je aan|inscrivez-vous"
    r"|(?:whatsapp|telegram)[- ](?:channel|kanal|kanaal))",
    re.IGNORECASE,
)
_TRANSLATION = re.compile(
    r"^\W*(?:read|lees|lesen sie|lies|lire|lisez|leer|lea|lee|leia|ler|leggi|läs|les|læs|czytaj|читать|читайте)"
    r"\b.{0,24}\b(?:in|in het|auf|en|em|på|po|на)\s"
    r"(?:english|engels|englisch|anglais|inglés|inglês|inglese|engelska|engelsk|angielsku|английском|англійською|dutch"
    r"|german|french|spanish|russian|ukrainian|arabic|nederlands|deutsch|français|español|português|italiano)\W*$",
    re.IGNORECASE,
)


def is_promotion(title: str) -> bool:
    """Return whether a headline sells the paper's own newsletter, subscription, channel, app or translation."""
    return _PROMOTION.search(title) is not None or _TRANSLATION.match(title) is not None


def words_in(text: str) -> int:
    """Return the number of words; in scripts without spaces, three characters count as one."""
    return len(_WORD.findall(text)) + len(_ELISION.findall(text)) + len(_WIDE.findall(text)) // 3


def headline_and_teaser(
    parts: Sequence[Unit], root: HtmlElement, links: Iterable[HtmlElement]
) -> tuple[str | None, str | None]:
    """Return the headline and the teaser of a card with these units; None for what it does not have.

    `links` are the card's own `a` elements; where no text is a headline, their aria-label, title or picture's alt is.
    """
    own = set(links)
    parts = [unit for unit in parts if unit.link is None or unit.link in own]
    inner = _innermost(root, parts)
    roles = [role_of(unit, inner) for unit in parts]
    index = _title_index(parts, roles)
    if index is None:
        return _title_of_attributes(own), None
    title = clean_title(parts[index].text)
    teaser = " ".join(
        unit.text
        for unit, role in zip(parts[index + 1 :], roles[index + 1 :], strict=True)
        if _is_teaser(unit.text, role)
    )
    teaser = _BETWEEN.sub("", teaser)
    if not teaser or len(teaser) > LONGEST_TEASER or teaser == title:
        return title, None
    return title, teaser


def _innermost(root: HtmlElement, parts: Sequence[Unit]) -> HtmlElement:
    """Return the element that holds all the parts: the class names above it say nothing about any one of them."""
    if len(parts) < 2:
        return root
    first = [parts[0].element, *parts[0].element.iterancestors()]
    last = parts[-1].element
    around = {last, *last.iterancestors()}
    return next((element for element in first if element in around), root)


def _title_index(parts: Sequence[Unit], roles: Sequence[Role]) -> int | None:
    """Return which part is the headline: what is marked as one, else what is linked, else what is long enough."""
    everything = range(len(parts))
    linked = [i for i in everything if parts[i].link is not None]
    titled = [i for i in everything if roles[i] is Role.TITLE]
    # In a card of several headings the linked one names the article.
    titled = [i for i in titled if parts[i].link is not None] or titled
    if titled:
        # Of headings of several ranks the highest: kickers and teasers are set as lower ones.
        ranks = {i: _rank(parts[i].element) for i in titled}
        best = min(ranks.values())
        # A heading may hold a kicker, too: the first part of it that is more than a word or two.
        first = _first_of(parts, [i for i in titled if ranks[i] == best], 3)
        following = next((i for i in (titled if len(titled) > 1 else linked) if i > first), None)
        if following is not None and _is_kicker_of(parts[first].text, parts[following].text):
            return following
        return first
    open_roles = {Role.OTHER, Role.TEASER}
    told = [i for i in linked if roles[i] in open_roles]
    if told:
        first = _first_of(parts, told, 4)
        following = first + 1
        if (
            following in told
            and _block_of(parts[first].element) is _block_of(parts[following].element)
            and _is_kicker_of(parts[first].text, parts[following].text)
        ):
            return following
        return first
    # Names can mislead: a link called "cta" or "caption" may hold the headline.
    wordy = [i for i in linked if words_in(parts[i].text) >= 3 and kind_of(parts[i].text) is None]
    if wordy:
        return max(wordy, key=lambda i: len(parts[i].text))
    beside = [
        i
        for i in everything
        if roles[i] in open_roles and words_in(parts[i].text) >= 3 and _FULL_STOP.search(parts[i].text) is None
    ]
    return _first_of(parts, beside, 4) if beside else None


def _is_kicker_of(first: str, following: str) -> bool:
    """Return whether a short text before a longer one, set alike, names its section: no headline with its teaser."""
    count = words_in(following)
    return (
        words_in(first) <= _LONGEST_KICKER
        and count >= 2 * words_in(first)
        and count > 4
        and not following.endswith((".", "…", "。"))
    )


def _rank(element: HtmlElement) -> int:
    """Return 1 to 6 for what stands in a heading, 7 for what only a class calls a title."""
    for one in (element, *islice(element.iterancestors(), 5)):
        if one.tag in HEADINGS:
            return int(one.tag[1])
    return 7


def _block_of(element: HtmlElement) -> HtmlElement | None:
    return next((one for one in (element, *element.iterancestors()) if one.tag not in INLINE), None)


def _first_of(parts: Sequence[Unit], indices: Sequence[int], words: int) -> int:
    """Return the first of the parts with so many words, or the longest."""
    return next(
        (i for i in indices if words_in(parts[i].text) >= words), max(indices, key=lambda i: len(parts[i].text))
    )


def _is_teaser(text: str, role: Role) -> bool:
    if role is Role.TEASER:
        return words_in(text) >= 3
    if role is Role.OTHER:
        return words_in(text) >= 8 or (words_in(text) >= 5 and _SENTENCE_END.search(text) is not None)
    return False


def _title_of_attributes(links: Iterable[HtmlElement]) -> str | None:
    for link in links:
        texts = [
            link.get("aria-label"),
            link.get("title"),
            *(image.get("alt") for image in link.iter("img", "amp-img")),
        ]
        for text in texts:
            if text and words_in(text) >= 3 and kind_of(text) is None:
                return clean_title(" ".join(text.split()))
    return None


def clean_title(text: str) -> str:
    """Return a headline without the label before it, bullets, and arrows."""
    label = label_at_start(text)
    if label is not None and label.rest and label.kind.announces:
        text = label.rest
    text = _LEADING.sub("", text)
    # A closing guillemet belongs to the headline if it has an opening one.
    return text if "«" in text and text.endswith("»") else _TRAILING.sub("", text)
