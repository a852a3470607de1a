"""Languages by the names that people give them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whisper_api.speech.languages import _ALIKE, NAMES, are_alike, code_of


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ("de", "de"),
        ("DE", "de"),
        ("German", "de"),
        ("german", "de"),
        (" german\n", "de"),
        ("haitian creole", "ht"),
        ("yue", "yue"),
        ("Cantonese", "yue"),
        ("jw", "jw"),
        ("haw", "haw"),
        ("de-DE", "de"),
        ("pt_BR", "pt"),
        ("zh-Hans", "zh"),
        ("es-419", "es"),
    ],
)
def test_a_language_is_known_by_its_code_and_by_its_name_in_any_case(said: str, code: str) -> None:
    assert code_of(said) == code


@pytest.mark.parametrize("said", ["", " ", "klingon", "xx", "d", "deutsch", "xx-DE", "de-", "de-x", "german-DE"])
def test_a_language_that_whisper_lacks_has_no_code(said: str) -> None:
    assert code_of(said) is None


@given(st.sampled_from(list(NAMES)))
def test_code_and_name_lead_to_the_same_code(code: str) -> None:
    assert code_of(code) == code_of(NAMES[code]) == code_of(NAMES[code].upper()) == code


def test_whisper_knows_a_hundred_languages() -> None:
    assert len(NAMES) == len(set(NAMES.values())) == 100


def test_languages_that_are_taken_for_each_other_are_alike() -> None:
    assert set().union(*_ALIKE) <= NAMES.keys()
    assert are_alike("hi", "ur")
    assert are_alike("nn", "sv")
    assert are_alike("de", "de")
    assert not are_alike("de", "en")
    assert not are_alike("da", "sv")
