"""langdetect with the same answers, digit for digit, at a third of its cost: its lists become the rows of one table.

langdetect weighs its languages one by one in Python, some thirty times in each of seven trials, and takes a text apart
character by character. Here the languages are one numpy row, and what three characters lead to is looked up.
"""

from __future__ import annotations

import json
import re
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from langdetect.detector import Detector
from langdetect.detector_factory import PROFILES_DIRECTORY, DetectorFactory
from langdetect.lang_detect_exception import ErrorCode, LangDetectException
from langdetect.utils.ngram import NGram

_SPACES = re.compile(" {2,}")
_COMBINING = "\u0300"
"""From this character on `cleaning_text` may find letters that are not Latin."""
_ROUND = 5
"""Runs drawn between two looks at the probabilities."""
_KEPT = 1 << 17
"""Runs of three characters that are remembered: those of all languages with an alphabet."""


class Profiles:
    """The profiles of langdetect's languages, and the seed by which the same text always gets the same answer."""

    def __init__(self, *, seed: int) -> None:
        factory = DetectorFactory()
        factory.set_seed(seed)
        self._row_of: dict[str, int] = {}
        rows: list[int] = []
        columns: list[int] = []
        shares: list[float] = []
        # As `load_profile` does, without its lists of 55 numbers for each of 88,000 runs: a third of a second less.
        for column, file in enumerate(path for path in Path(PROFILES_DIRECTORY).iterdir() if path.name[0] != "."):
            profile = json.loads(file.read_bytes())
            factory.langlist.append(profile["name"])
            of_length = profile["n_words"]
            for run, times in profile["freq"].items():
                row = self._row_of.setdefault(run, len(self._row_of))
                if len(run) <= len(of_length):
                    rows.append(row)
                    columns.append(column)
                    shares.append(times / of_length[len(run) - 1])
        self.table = np.zeros((len(self._row_of), len(factory.langlist)))
        """How probable each run of one to three characters is in each language, a row for a run."""
        self.table[rows, columns] = shares
        self._factory = factory
        self.rows_of = lru_cache(_KEPT)(self._rows_of)
        """Return the rows of the runs that end with the last of three characters, as far as they are known."""

    def create(self) -> TableDetector:
        """Return a detector for one text; used as langdetect's."""
        return TableDetector(self._factory, self)

    def get_lang_list(self) -> list[str]:
        """Return the codes of the languages."""
        return list(self._factory.get_lang_list())

    def _rows_of(self, three: str) -> tuple[int, ...]:
        before, char = three[1], three[2]
        # Within capitals nothing is read, and no run goes past a space.
        if before == char == " " or (before.isupper() and char.isupper()):
            return ()
        runs = (char if char != " " else "", before + char, three if before != " " else "")
        return tuple(self._row_of[run] for run in runs if run in self._row_of)


class TableDetector(Detector):  # type: ignore[misc]
    """langdetect's detector, for one text."""

    def __init__(self, factory: DetectorFactory, profiles: Profiles) -> None:
        super().__init__(factory)
        self._profiles = profiles

    def append(self, text: str) -> None:
        """Take up a text, without addresses and repeated spaces."""
        text = NGram.normalize_vi(self.MAIL_RE.sub(" ", self.URL_RE.sub(" ", text)))
        self.text += _SPACES.sub(" ", text[: self.max_text_length])

    def cleaning_text(self) -> None:
        """Take the Latin letters out of a text that is mostly written in others."""
        if self.text and max(self.text) >= _COMBINING:
            super().cleaning_text()

    def _extract_ngrams(self) -> list[int]:
        """Return the rows of the text's runs of one to three characters, in order."""
        # Two spaces stand for the start of the text.
        written, rows_of = "  " + self.text.translate(_normal), self._profiles.rows_of
        return [row for end in range(3, len(written) + 1) for row in rows_of(written[end - 3 : end])]

    def _detect_block(self) -> None:
        """Set the probability of each language: the mean of seven trials, each with runs drawn until one is sure."""
        self.cleaning_text()
        rows = self._extract_ngrams()
        if not rows:
            raise LangDetectException(ErrorCode.CantDetectError, "No features in text.")
        draw, table, languages = self.random, self._profiles.table, len(self.langlist)
        draw.seed(self.seed)
        total = np.zeros(languages)
        for _ in range(self.n_trial):
            weight = (self.alpha + draw.gauss(0.0, 1.0) * self.ALPHA_WIDTH) / self.BASE_FREQ
            probability = np.full(languages, 1.0 / languages)
            seen, drawn = 0, [draw.choice(rows)]
            while True:
                factors = table.take(drawn, axis=0)
                factors += weight
                # One after the other, as langdetect multiplies; and not numpy's sum, which adds in another order.
                factors[0] *= probability
                probability = np.multiply.reduce(factors)
                values = probability.tolist()
                whole = sum(values)
                probability /= whole
                if max(values) / whole > self.CONV_THRESHOLD or seen >= self.ITERATION_LIMIT:
                    break
                seen += _ROUND
                drawn = [draw.choice(rows) for _ in range(_ROUND)]
            total += probability / self.n_trial
        self.langprob = total.tolist()


class _Normal(dict[int, str]):
    """What langdetect makes of a character; found out once for each."""

    def __missing__(self, code: int) -> str:
        char: str = NGram.normalize(chr(code))
        self[code] = char
        return char


_normal: Any = _Normal()
