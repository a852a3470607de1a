"""The language of a recording: who makes it out, and when it stays."""

import pytest

from whisper_api.speech.detection import CERTAIN, MOST_GUESSES, Detection


def unknown() -> Detection:
    return Detection(None, most_guesses=MOST_GUESSES)


def test_a_language_that_is_known_was_not_detected() -> None:
    detection = Detection("de", most_guesses=MOST_GUESSES)

    assert (detection.language, detection.probability, detection.probabilities) == ("de", None, {"de": 1.0})
    assert detection.is_certain


def test_a_certain_guess_makes_it_out_at_once_and_it_stays() -> None:
    detection = unknown()

    detection.guess({"de": CERTAIN, "nl": 0.1})
    detection.guess({"nl": 1.0})

    assert (detection.language, detection.probability) == ("de", CERTAIN)


def test_uncertain_guesses_make_it_out_between_them() -> None:
    detection = unknown()
    for guess in ({"de": 0.45, "nl": 0.1}, {"nl": 0.3}, {"nl": 0.4}):
        assert detection.language is None
        detection.guess(guess)

    assert detection.language == "nl"
    assert detection.probabilities == pytest.approx({"nl": 0.8 / 3, "de": 0.15})
    assert not detection.is_certain


def test_with_less_to_go_by_it_is_settled_when_it_has_to_be() -> None:
    detection = unknown()
    detection.settle()
    assert detection.probabilities == {}

    detection.guess({"de": 0.3})
    detection.settle()

    assert (detection.language, detection.probability) == ("de", 0.3)


def test_until_something_is_heard_in_it_a_language_may_prove_to_be_another() -> None:
    detection = unknown()
    detection.guess({"la": 0.3})
    detection.settle()

    detection.correct({"en": 0.4})
    assert not detection.hear("la"), "whoever decoded in it meanwhile is told"
    assert detection.hear("en")
    detection.correct({"la": 0.9})

    assert detection.language == "en"
