"""langdetect with the same answers at a fifth of its cost: its lists become the rows of one table.

langdetect weighs its languages one by one in Python, some fifty times in each of seven trials, and takes a text apart
character by character. Here the languages are a numpy row and a dozen weighings one step, with the same random numbers;
what three characters lead to is looked up. Probabilities are the same to within the rounding of their last digits.
"""

from __future__ import annotations

import itertools
import json
import math
import random
import re
from collections import defaultdict
from pathlib import Path
from typing import Any, cast

import numpy as np
from langdetect.detector import Detector
from langdetect.detector_factory import PROFILES_DIRECTORY, DetectorFactory
from langdetect.lang_detect_exception import ErrorCode, LangDetectException
from langdetect.utils.ngram import NGram

from pipelines.remembered import Remembered

_SPACES = re.compile(" {2,}")
_LATIN = re.compile("[A-z]")
_BEFORE_COMBINING = re.compile("[^\u0300-\U0010ffff]+")
"""Characters that `cleaning_text` never takes for letters that are not Latin."""
_ROUND = 5
"""Runs drawn between two looks at the probabilities."""
_LOOKS = 12
"""Looks in one step: a trial on a news text takes ten (mean of 697). Sixty factors, of which none is below 1e-5, are
still far from the smallest number there is."""
_WORDS = 1 << 15
"""Seven trials of a thousand draws, each of two words in the mean where half of them are too much; and twice that."""
_SEEN_FIRST = 1 << 10
"""Words of which most texts need no more."""
Row = np.ndarray[Any, Any]
"""Numbers in a row, or rows of them."""
_KEPT_RUNS = 1 << 17
"""Runs of three characters that are remembered: those of all languages with an alphabet."""


class Profiles:
    """The profiles of langdetect's languages, and the seed by which the same text always gets the same answer."""

    def __init__(self, *, seed: int) -> None:
        factory = DetectorFactory()
        factory.set_seed(seed)
        row_of = defaultdict[str, int](itertools.count().__next__)
        languages: list[tuple[Row, Row]] = []
        # As `load_profile` does, without its lists of 55 numbers for each of 88,000 runs, and a language at once.
        for file in (path for path in Path(PROFILES_DIRECTORY).iterdir() if path.name[0] != "."):
            profile = json.loads(file.read_bytes())
            factory.langlist.append(profile["name"])
            runs, of_length = profile["freq"], np.array([*profile["n_words"], np.inf])
            times = np.fromiter(runs.values(), float, len(runs))
            # Of a run that is longer than those counted it makes nothing.
            lengths = np.fromiter(map(len, runs), np.intp, len(runs)).clip(max=len(of_length))
            rows = np.fromiter(map(row_of.__getitem__, runs), np.intp, len(runs))
            languages.append((rows, times / of_length[lengths - 1]))
        numbers = np.arange(len(row_of), dtype=np.intc).tobytes()
        size = len(numbers) // len(row_of)
        self.table = np.zeros((len(row_of), len(languages)))
        """How probable each run of one to three characters is in each language, a row for a run."""
        for column, (rows, shares) in enumerate(languages):
            self.table[rows, column] = shares
        self._factory = factory
        self.dice = thrown(seed)
        """What Python's random numbers are made of, with that seed."""
        self._row = {run: numbers[row * size : (row + 1) * size] for run, row in row_of.items()}.get
        self._rows_ending = Remembered(self._find, most=_KEPT_RUNS)

    def create(self) -> TableDetector:
        """Return a detector for one text; used as langdetect's."""
        return TableDetector(self._factory, self)

    def get_lang_list(self) -> list[str]:
        """Return the codes of the languages."""
        return list(self._factory.get_lang_list())

    def rows_of(self, text: str) -> Row:
        """Return the rows of the runs in a text, in order; those that are known."""
        # A space stands before it, and another for what is before that: no run goes past a space.
        written = "  " + text
        threes = map("".join, zip(written, written[1:], written[2:], strict=False))
        return np.frombuffer(b"".join(map(self._rows_ending.__getitem__, threes)), np.intc)

    def _find(self, three: str) -> bytes:
        """Return the rows of the runs that end with the last of three characters."""
        before, char = three[1], three[2]
        # Within capitals nothing is read, and no run goes past a space.
        if before == char == " " or (before.isupper() and char.isupper()):
            return b""
        one = self._row(char, b"") if char != " " else b""
        two = self._row(before + char, b"")
        return one + two + self._row(three, b"") if before != " " else one + two


class TableDetector(Detector):  # type: ignore[misc]
    """langdetect's detector, for one text."""

    def __init__(self, factory: DetectorFactory, profiles: Profiles) -> None:
        super().__init__(factory)
        self._profiles = profiles

    def append(self, text: str) -> None:
        """Take up a text, without addresses and repeated spaces."""
        if "://" in text:
            text = self.URL_RE.sub(" ", text)
        if "@" in text:
            text = self.MAIL_RE.sub(" ", text)
        text = NGram.normalize_vi(text)
        self.text += _SPACES.sub(" ", text[: self.max_text_length])

    def cleaning_text(self) -> None:
        """Take the Latin letters out of a text that is mostly written in others."""
        # Most texts have a few that may be others, quotation marks and dashes: no need to look at all characters.
        others = len(_BEFORE_COMBINING.sub("", self.text))
        if 2 * sum(1 for _ in itertools.islice(_LATIN.finditer(self.text), others)) < others:
            super().cleaning_text()

    def _extract_ngrams(self) -> Row:
        """Return the rows of the text's runs of one to three characters, in order."""
        return self._profiles.rows_of(self.text.translate(_normal))

    def _detect_block(self) -> None:
        """Set the probability of each language: the mean of seven trials, each with runs drawn until one is sure."""
        self.cleaning_text()
        rows = self._extract_ngrams()
        if not len(rows):
            raise LangDetectException(ErrorCode.CantDetectError, "No features in text.")
        draw = Draw(self._profiles.dice, len(rows))
        total = np.zeros(len(self.langlist))
        for _ in range(self.n_trial):
            weight = (self.alpha + draw.gauss() * self.ALPHA_WIDTH) / self.BASE_FREQ
            total += self._trial(rows, draw, weight) / self.n_trial
        self.langprob = total.tolist()

    def _trial(self, rows: Row, draw: Draw, weight: float) -> Row:
        """Return the probabilities of the languages when one of them is sure, or the trial has gone on for too long.

        langdetect draws one run, looks, and draws five more between two looks. Here a dozen of its looks are one step.
        """
        before, left = np.full(len(self.langlist), 1.0 / len(self.langlist)), self.ITERATION_LIMIT // _ROUND + 1
        probable = np.empty((_LOOKS, len(self.langlist)))
        # Drawn before the first look; none before the first of the next dozen.
        lone = 1
        while True:
            draws = lone + _ROUND * (_LOOKS - lone)
            factors = self._profiles.table.take(rows[draw.ahead(draws)], axis=0)
            factors += weight
            probable[:lone] = factors[:lone]
            np.multiply.reduce(factors[lone:].reshape(_LOOKS - lone, _ROUND, -1), axis=1, out=probable[lone:])
            probable[0] *= before
            np.multiply.accumulate(probable, axis=0, out=probable)
            sums = probable.sum(axis=1)
            sure = probable.max(axis=1) > self.CONV_THRESHOLD * sums
            look = int(sure.argmax())
            if sure[look] or left <= _LOOKS:
                look = min(look if sure[look] else _LOOKS - 1, left - 1)
                draw.take(lone + _ROUND * (look + 1 - lone))
                return cast("Row", probable[look] / sums[look])
            draw.take(draws)
            before, lone, left = probable[-1] / sums[-1], 0, left - _LOOKS


class Draw:
    """What `random.Random` draws after a seed, many numbers at a time: those of its `choice` and its `gauss`."""

    def __init__(self, dice: Row, choices: int) -> None:
        """dice: what `thrown` returns. choices: among how many is chosen."""
        self._dice = dice
        self._choices = choices
        self._at = 0
        self._spare: float | None = None
        self._see(_SEEN_FIRST)

    def _see(self, words: int) -> None:
        # As `Random._randbelow`: the upper bits of a word, and another word where they are too much.
        chosen = self._dice[:words] >> (32 - self._choices.bit_length())
        self._places = np.flatnonzero(chosen < self._choices)
        self._chosen = chosen[self._places]

    def ahead(self, count: int) -> Row:
        """Return the next choices, as numbers from 0, without taking them."""
        self._next = int(self._places.searchsorted(self._at))
        if self._next + count > len(self._places):
            self._see(len(self._dice))
        return self._chosen[self._next : self._next + count]

    def take(self, count: int) -> None:
        """Take so many of them."""
        self._at = int(self._places[self._next + count - 1]) + 1

    def gauss(self) -> float:
        """Return a number of the normal distribution around 0 with a deviation of 1."""
        number, self._spare = self._spare, None
        if number is None:
            angle, radius = self._random() * 2 * math.pi, math.sqrt(-2 * math.log(1 - self._random()))
            number, self._spare = math.cos(angle) * radius, math.sin(angle) * radius
        return number

    def _random(self) -> float:
        upper, lower = self._dice[self._at : self._at + 2].tolist()
        self._at += 2
        return float(((upper >> 5) * (1 << 26) + (lower >> 6)) / (1 << 53))


def thrown(seed: int) -> Row:
    """Return the first words of 32 bits that `random.Random` makes of a seed: more than any text needs."""
    return np.frombuffer(random.Random(seed).getrandbits(32 * _WORDS).to_bytes(4 * _WORDS, "little"), "<u4")


class _Normal(dict[int, str]):
    """What langdetect makes of a character; found out once for each."""

    def __missing__(self, code: int) -> str:
        char: str = NGram.normalize(chr(code))
        self[code] = char
        return char


_normal: Any = _Normal()
