"""Where on a page its article lives: the elements that hold its prose, and what kind of place they are."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from crawler.article import BlockType
from crawler.extraction.hints import NOTHING, Hint
from crawler.extraction.sentences import ends_sentence

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from lxml.html import HtmlElement

    from crawler.extraction.runs import Line

BESIDE = Hint.ASIDE | Hint.PAYWALL | Hint.HIDDEN | Hint.UNSEEN | Hint.EMBED
"""What is not the article's own text."""

_WITHHELD = Hint.PAYWALL | Hint.HIDDEN

Kind = tuple[tuple[str, str], ...]
"""Tag and class of an element and of the two elements around it."""

_FAIR_SHARE, _FAIR_LETTERS = 0.1, 400
"""From which share, or number of letters, of the prose on a place belongs to the article."""
_MUCH = 0.3
"""From which share of the article on the name of an element does not speak against what is in it."""


def is_prose(line: Line) -> bool:
    """Return whether a line reads like running text: a sentence, or as long as one, and not a link."""
    if line.type is BlockType.HEADING or line.linked > 0.8 or line.row:
        return False
    sentence, length = ends_sentence(line.text), line.size
    if line.linked > 0.5:
        return sentence and length >= 80
    return length >= 80 or (sentence and length >= 20)


@dataclass(slots=True, kw_only=True, eq=False)
class Home:
    """Where the article lives."""

    root: HtmlElement
    """The smallest element that holds nearly all of its prose."""
    containers: frozenset[HtmlElement]
    """Elements whose own paragraphs are a fair share of it."""
    kinds: frozenset[Kind]
    """The kinds of place that hold a fair share of it."""
    total: int
    """Letters of its prose."""
    names: dict[str, float]
    """Share of its prose that stands below elements of a class or id that hints at something."""
    weights: dict[HtmlElement, int]
    """Letters of its prose below each element that holds any."""
    known: dict[HtmlElement, bool] = field(default_factory=dict)
    """What `holds` has found of containers so far."""

    def opens_into(self, line: Line) -> bool:
        """Return whether a line stands right above a part of the article, in the element around that part.

        Papers that hide the rest of an article from strangers wrap all but its first paragraphs once more.
        """
        return any(container.getparent() is line.container for container in self.containers)

    def holds(self, line: Line) -> bool:
        """Return whether a line is the article's by the place where it stands."""
        container = line.container
        if container in self.containers:
            return True
        if container not in self.known:
            self.known[container] = kind_of(container) in self.kinds and self.covers(container)
        return self.known[container]

    def covers(self, element: HtmlElement) -> bool:
        """Return whether an element is the root or below it."""
        return element is self.root or any(above is self.root for above in element.iterancestors())

    def is_foreign(self, line: Line) -> bool:
        """Return whether a line stands in an `article` that holds nothing of this one: the teaser of another."""
        foreign = next(line.element.iterancestors("article"), None)
        return foreign is not None and not self.weights.get(foreign)

    def is_beside(self, line: Line) -> bool:
        """Return whether the elements around a line are named as something beside the article."""
        return bool(self.hints(line) & BESIDE)

    def hints(self, line: Line) -> Hint:
        """Return what the elements around a line are named as.

        A name on an element that holds much of the article (`<article class="has-comments">`) says nothing, nor does
        one that many sections of it share (`<div class="slide hidden">`).
        """
        found = NOTHING
        if not line.hints:
            return found
        amid = line.container in self.containers
        for element, hint in line.hints:
            if self.names.get(_name(element), 0.0) >= _MUCH:
                continue
            if amid and hint & _WITHHELD and line.container in element.iterancestors():
                # Of a paragraph amid the others it only says that strangers do not get to see it.
                found |= hint & ~_WITHHELD
            elif found is NOTHING:
                found = hint
            elif found is not hint:
                found |= hint
        return found


def kind_of(container: HtmlElement) -> Kind:
    """Return what kind of place a container is: the sections of an article that boxes have split look alike."""
    names: list[tuple[str, str]] = []
    element: HtmlElement | None = container
    while element is not None and len(names) < 3:
        names.append((element.tag, element.get("class") or ""))
        element = element.getparent()
    return tuple(names)


def _name(element: HtmlElement) -> str:
    return str(element.get("class") or element.get("id") or element.tag)


def locate(lines: Sequence[Line], kept: Iterable[Line]) -> Home | None:
    """Return where the article lives of which trafilatura kept these lines; None where none of them is prose.

    `lines` are all lines of the page. Boxes split some articles into several elements of one kind, of which
    trafilatura sees the first: prose in elements of that kind is the article's too, up to the next headline.
    """
    chosen = set(kept)
    home = _home_of(chosen)
    if home is None:
        return None
    at_home = [at for at, line in enumerate(lines) if line in chosen and home.holds(line)]
    if not at_home:
        return home
    before, after = range(at_home[0] - 1, -1, -1), range(at_home[-1] + 1, len(lines))
    twins = _twins(lines, before, home) | _twins(lines, after, home)
    if not twins:
        return home
    root = home.root
    for container in twins:
        root = _common(root, container)
    return replace(home, root=root, containers=home.containers | twins, known={})


def _twins(lines: Sequence[Line], way: Iterable[int], home: Home) -> frozenset[HtmlElement]:
    """Return the containers like the article's own on a way away from it, as far as they hold much prose."""
    sizes: dict[HtmlElement, int] = defaultdict(int)
    for at in way:
        line = lines[at]
        if line.level == 1 and line.linked < 0.5:
            break
        if is_prose(line) and _is_twin(line, home):
            sizes[line.container] += line.size
    found = list(sizes)
    while found and sizes[found[-1]] < _FAIR_LETTERS:
        found.pop()
    return frozenset(found)


def _is_twin(line: Line, home: Home) -> bool:
    kind = kind_of(line.container)
    return (
        kind in home.kinds
        and any(name for _, name in kind[:2])
        and next(line.container.iterancestors("article"), None) is next(home.root.iterancestors("article"), None)
        and not home.hints(line) & (Hint.ASIDE | Hint.UNSEEN)
    )


def _common(one: HtmlElement, other: HtmlElement) -> HtmlElement:
    """Return the smallest element that holds both."""
    around = {one, *one.iterancestors()}
    element = other
    while element not in around and (parent := element.getparent()) is not None:
        element = parent
    return element


def _home_of(lines: Iterable[Line]) -> Home | None:
    own: dict[HtmlElement, int] = defaultdict(int)
    named: dict[str, int] = defaultdict(int)
    for line in lines:
        if is_prose(line):
            own[line.container] += line.size
            for name in {_name(element) for element, _ in line.hints}:
                named[name] += line.size
    if not own:
        return None
    total = sum(own.values())
    fair = min(_FAIR_SHARE * total, _FAIR_LETTERS)
    shares: dict[Kind, int] = defaultdict(int)
    below: dict[HtmlElement, int] = defaultdict(int)
    kinds = {container: kind_of(container) for container in own}
    for container, size in own.items():
        shares[kinds[container]] += size
        element: HtmlElement | None = container
        while element is not None:
            below[element] += size
            element = element.getparent()
    # A kind without any class name is too common to tell one place from another.
    common = frozenset(kind for kind, size in shares.items() if size >= fair and any(name for _, name in kind))
    containers = frozenset(container for container, size in own.items() if size >= fair)
    at_home = sum(size for container, size in own.items() if container in containers or kinds[container] in common)
    root = max(own, key=own.__getitem__)
    while below[root] < 0.9 * at_home and (parent := root.getparent()) is not None:
        root = parent
    return Home(
        root=root,
        containers=containers,
        kinds=common,
        total=total,
        weights=below,
        names={name: size / total for name, size in named.items()},
    )
