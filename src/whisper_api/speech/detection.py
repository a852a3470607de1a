"""The language that a recording is in, as its windows make it out between them."""

import threading
from collections import defaultdict
from collections.abc import Mapping

CERTAIN = 0.5
"""A language that is more likely than all others together is taken for certain."""

MOST_GUESSES = 3
"""So many windows make a recording's language out between them at the latest."""

_MADE_OUT_SECONDS = 5.0  # of speech: what was said first may be a greeting in another language


class Detection:
    """One recording's language: what most of its speech so far is in.

    ``language`` is None until it is made out, which is as soon as it is certain, or after ``most_guesses``, and may
    become another as more is heard; ``probability`` is None unless it was detected. Any thread may use it.
    """

    def __init__(self, language: str | None, *, most_guesses: int) -> None:
        self.language = language
        self.probability: float | None = None
        self.was_told = language is not None
        self._most_guesses = most_guesses
        self._guesses = 0
        self._seconds = 0.0
        self._totals: dict[str, float] = defaultdict(float)
        # It lets a thread in that has it already: an engine is closed wherever Python notices that nobody uses it.
        self._changing = threading.RLock()

    @property
    def probabilities(self) -> dict[str, float]:
        """How likely each language is, on average over the seconds that were guessed so far, the likeliest first."""
        with self._changing:
            if not self._seconds:
                return {} if self.language is None else {self.language: 1.0}
            mean = {language: total / self._seconds for language, total in self._totals.items()}
            return dict(sorted(mean.items(), key=lambda item: -item[1]))

    @property
    def is_certain(self) -> bool:
        return self.probability is None or self.probability >= CERTAIN

    def guess(self, probabilities: Mapping[str, float], seconds: float) -> None:
        """What so many ``seconds`` of speech seem to be in."""
        with self._changing:
            self._guesses += 1
            self._seconds += seconds
            for language, probability in probabilities.items():
                self._totals[language] += probability * seconds
            likeliest = max(self._totals.values()) / self._seconds
            is_clear = likeliest >= CERTAIN and self._seconds >= _MADE_OUT_SECONDS
            if self.language is not None or is_clear or self._guesses >= self._most_guesses:
                self._make_out()

    def pass_over(self) -> None:
        """A window told nothing."""
        with self._changing:
            self._guesses += 1
            if self._guesses >= self._most_guesses:
                self.settle()

    def settle(self) -> None:
        """Make the language out from what was guessed so far, if anything was."""
        with self._changing:
            if self.language is None and self._totals:
                self._make_out()

    def _make_out(self) -> None:
        self.language, self.probability = next(iter(self.probabilities.items()))
