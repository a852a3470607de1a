"""What is asked of a recording, and what makes no sense."""

import pytest

from whisper_api.speech.options import Options


@pytest.mark.parametrize("language", ["de", "DE", "German", " german "])
def test_a_language_may_be_named_in_several_ways(language: str) -> None:
    assert Options(language=language).language == "de"


@pytest.mark.parametrize("language", ["de", "DE", "German", "de-CH"])
def test_languages_to_choose_among_are_codes_each_once(language: str) -> None:
    assert Options(languages=(language, "en", "de")).languages == ("de", "en")


@pytest.mark.parametrize(
    ("wrong", "advice"),
    [
        ({"task": "sing"}, "Take one of transcribe, translate"),
        ({"language": "xx"}, "Take a code, such as 'de'"),
        ({"languages": ("de", "xx")}, "Take a code, such as 'de'"),
        ({"beam_size": 0}, r"Take 1 \(greedy\) to 20"),
        ({"beam_size": 21}, r"Take 1 \(greedy\) to 20"),
        ({"beam_size": "5"}, r"Take 1 \(greedy\) to 20"),
    ],
)
def test_what_makes_no_sense_is_refused_with_advice(wrong: dict[str, object], advice: str) -> None:
    with pytest.raises(ValueError, match=advice):
        Options(**wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize("wrong", ["de", None, {"de"}])
def test_languages_are_a_list(wrong: object) -> None:
    with pytest.raises(TypeError, match="languages must be a list of texts"):
        Options(languages=wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["language", "prompt", "hotwords"])
def test_text_is_text(name: str) -> None:
    with pytest.raises(TypeError, match=f"{name} must be text, not int"):
        Options(**{name: 5})  # type: ignore[arg-type]
