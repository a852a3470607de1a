"""The language of a recording: who makes it out, and when it becomes another."""

import pytest

from whisper_api.speech.detection import CERTAIN, MOST_GUESSES, Detection


def unknown() -> Detection:
    return Detection(None, most_guesses=MOST_GUESSES)


def test_a_language_that_was_told_was_not_detected() -> None:
    detection = Detection("de", most_guesses=MOST_GUESSES)

    assert (detection.language, detection.probability, detection.probabilities) == ("de", None, {"de": 1.0})
    assert detection.was_told
    assert detection.is_certain


def test_a_certain_guess_makes_it_out_at_once() -> None:
    detection = unknown()

    detection.guess({"de": CERTAIN, "nl": 0.1}, 10)

    assert (detection.language, detection.probability) == ("de", CERTAIN)


def test_a_greeting_does_not_make_out_what_the_speech_is_in() -> None:
    detection = unknown()
    detection.guess({"fr": 0.99}, 1.4)
    assert detection.language is None

    detection.guess({"en": 0.98}, 20)

    assert detection.language == "en"


def test_uncertain_guesses_make_it_out_between_them() -> None:
    detection = unknown()
    for guess in ({"de": 0.45, "nl": 0.1}, {"nl": 0.3}, {"nl": 0.4}):
        assert detection.language is None
        detection.guess(guess, 10)

    assert detection.language == "nl"
    assert detection.probabilities == pytest.approx({"nl": 0.8 / 3, "de": 0.15})
    assert not detection.is_certain


def test_with_less_to_go_by_it_is_settled_when_it_has_to_be() -> None:
    detection = unknown()
    detection.settle()
    assert detection.probabilities == {}

    detection.guess({"de": 0.3}, 10)
    detection.settle()

    assert (detection.language, detection.probability) == ("de", 0.3)


def test_it_is_what_most_of_the_speech_is_in() -> None:
    detection = unknown()
    detection.guess({"fr": 1.0}, 7)
    assert detection.language == "fr"

    detection.guess({"en": 1.0}, 6)
    assert detection.language == "fr"
    detection.guess({"en": 1.0}, 15)

    assert (detection.language, detection.probability) == ("en", 0.75)


def test_windows_that_told_nothing_count() -> None:
    detection = unknown()
    detection.pass_over()
    detection.guess({"de": 0.3}, 10)
    assert detection.language is None

    detection.pass_over()
    detection.pass_over()

    assert detection.language == "de"


def test_where_no_window_told_anything_there_is_no_language() -> None:
    detection = unknown()
    for _ in range(MOST_GUESSES):
        detection.pass_over()
    detection.settle()

    assert (detection.language, detection.probabilities) == (None, {})
