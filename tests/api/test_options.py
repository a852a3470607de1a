"""What people may wish for, as fields of a form."""

import pytest

from whisper_api.api.errors import BadParameter
from whisper_api.api.options import Fields, Wishes, form_schema
from whisper_api.api.uploads import Form
from whisper_api.speech.options import Options


def wishes(**fields: str | list[str]) -> Wishes:
    return Wishes.read(form(**fields))


def form(**fields: str | list[str]) -> Form:
    return Form("talk.wav", {name: [text] if isinstance(text, str) else text for name, text in fields.items()})


def test_whoever_has_no_wishes_gets_what_the_server_is_set_to() -> None:
    defaults = Options(beam_size=3, max_seconds=60)

    assert wishes().options("translate", defaults) == Options("translate", beam_size=3, max_seconds=60)


def test_every_wish_becomes_an_option() -> None:
    fields = form(
        language="German",
        prompt="Frau Dr. Özdemir",
        hotwords="Leichenhalle",
        temperature="0.4",
        beam_size="5",
        vad_filter="false",
    )
    fields.fields["timestamp_granularities[]"] = ["word", "segment"]

    assert Wishes.read(fields).options("transcribe", Options(max_seconds=60)) == Options(
        "transcribe",
        "de",
        prompt="Frau Dr. Özdemir",
        hotwords="Leichenhalle",
        temperature=0.4,
        beam_size=5,
        vad_filter=False,
        words=True,
        max_seconds=60,
    )


@pytest.mark.parametrize("name", ["timestamp_granularities", "timestamp_granularities[]"])
def test_a_list_may_be_named_with_brackets_or_without(name: str) -> None:
    assert wishes(**{name: "word"}).timestamp_granularities == ["word"]


@pytest.mark.parametrize("name", ["language", "prompt", "temperature", "beam_size", "timestamp_granularities[]"])
def test_an_empty_field_counts_as_left_out(name: str) -> None:
    assert wishes(**{name: " "}) == wishes()


@pytest.mark.parametrize(
    ("fields", "parameter", "sentence"),
    [
        ({"language": "Klingon"}, "language", "does not know this language"),
        ({"temperature": "1.5"}, "temperature", "less than or equal to 1"),
        ({"temperature": "warm"}, "temperature", "valid number"),
        ({"temperature": "nan"}, "temperature", "finite|less than or equal"),
        ({"beam_size": "0"}, "beam_size", "greater than or equal to 1"),
        ({"beam_size": "21"}, "beam_size", "less than or equal to 20"),
        ({"vad_filter": "perhaps"}, "vad_filter", "valid boolean"),
        ({"timestamp_granularities[]": "letter"}, "timestamp_granularities", "'word' or 'segment'"),
        ({"langauge": "de"}, "langauge", "There is no field 'langauge' here.* language"),
        ({"language[]": "de"}, "language[]", "There is no field"),
        ({"unheard_of": ""}, "unheard_of", "There is no field"),
        ({"language": ["de", "en"]}, "language", "more than once"),
        ({"language[x]": "de"}, "language", "valid string"),
        ({"prompt[": "x"}, "prompt[", "There is no field"),
        ({"timestamp_granularities[x]": "word"}, "timestamp_granularities[x]", "There is no field"),
        ({"prompt": "x" * 4001}, "prompt", "at most 4000"),
        ({"x" * 500: "de"}, "x" * 80, "There is no field"),
    ],
)
def test_what_makes_no_sense_is_named(fields: dict[str, str | list[str]], parameter: str, sentence: str) -> None:
    with pytest.raises(BadParameter, match=sentence) as refusal:
        wishes(**fields)

    assert refusal.value.parameter == parameter


def test_a_refusal_does_not_repeat_what_was_sent() -> None:
    with pytest.raises(BadParameter) as refusal:
        wishes(temperature="my secret")

    assert "my secret" not in refusal.value.detail
    assert refusal.value.__suppress_context__


def test_the_description_of_a_form_has_its_fields_and_the_recording() -> None:
    schema = form_schema(Wishes)["requestBody"]["content"]["multipart/form-data"]["schema"]

    assert schema["required"] == ["file"]
    assert {"file", "language", "prompt", "timestamp_granularities[]"} <= set(schema["properties"])
    assert schema["properties"]["language"]["type"] == "string"
    assert schema["properties"]["temperature"] == {
        "type": "number",
        "minimum": 0,
        "maximum": 1,
        "default": 0,
        "description": Wishes.model_fields["temperature"].description,
    }
    assert list(form_schema(Fields)["requestBody"]["content"]["multipart/form-data"]["schema"]["properties"]) == [
        "file"
    ]


def test_a_prompt_is_one_line_of_what_can_be_printed() -> None:
    assert wishes(prompt="Ein\nVortrag\x01.").prompt == "Ein Vortrag ."
