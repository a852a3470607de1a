"""The language that a recording is in, as its windows make it out between them."""

import threading
from collections import defaultdict
from collections.abc import Mapping

CERTAIN = 0.5
"""A language that is more likely than all others together is taken for certain."""

MOST_GUESSES = 3
"""So many windows make a recording's language out between them."""


class Detection:
    """One recording's: made out by a certain guess, or by ``most_guesses`` that are not.

    ``language`` is None until it is made out, and ``probability`` unless it was detected. Any thread may use it.
    """

    def __init__(self, language: str | None, *, most_guesses: int) -> None:
        self.language = language
        self.probability: float | None = None
        self._most_guesses = most_guesses
        self._totals: dict[str, float] = defaultdict(float)
        self._guesses = 0
        self._was_heard = False
        # It lets a thread in that has it already: an engine is closed wherever Python notices that nobody uses it.
        self._changing = threading.RLock()

    @property
    def probabilities(self) -> dict[str, float]:
        """How likely each language is by all guesses so far, the likeliest first."""
        with self._changing:
            if not self._guesses:
                return {} if self.language is None else {self.language: 1.0}
            mean = {language: total / self._guesses for language, total in self._totals.items()}
            return dict(sorted(mean.items(), key=lambda item: -item[1]))

    @property
    def is_certain(self) -> bool:
        return self.probability is None or self.probability >= CERTAIN

    def guess(self, probabilities: Mapping[str, float]) -> None:
        """What a window seems to be spoken in."""
        with self._changing:
            self._count(probabilities)
            if max(probabilities.values()) >= CERTAIN or self._guesses >= self._most_guesses:
                self.settle()

    def correct(self, probabilities: Mapping[str, float]) -> None:
        """One more guess, where it may be for the language that a text could not be relied on.

        Once anything was heard in it the language stays.
        """
        with self._changing:
            if not self._was_heard:
                self._count(probabilities)
                self._make_out()

    def settle(self) -> None:
        """Make the language out from what was guessed so far, if anything was."""
        with self._changing:
            if self.language is None and self._guesses:
                self._make_out()

    def hear(self, language: str) -> bool:
        """Something was heard in ``language``, which stays from now on; false where it has become another meanwhile."""
        with self._changing:
            self._was_heard |= language == self.language
            return language == self.language

    def _count(self, probabilities: Mapping[str, float]) -> None:
        self._guesses += 1
        for language, probability in probabilities.items():
            self._totals[language] += probability

    def _make_out(self) -> None:
        self.language, self.probability = next(iter(self.probabilities.items()))
