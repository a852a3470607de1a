"""Which model may run where."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whisper_api.speech.models import (
    CATALOGUE,
    MB,
    OFFICIAL_NAMES,
    STARTER,
    Model,
    candidates,
    fitting,
    named,
    smallest_first,
)

any_model = st.sampled_from(CATALOGUE)


def model(name: str) -> Model:
    found = named(name)
    assert found
    return found


def names(models: list[Model]) -> list[str]:
    return [each.name for each in models]


@pytest.mark.parametrize(
    "name",
    [
        "tiny", "tiny.en", "base", "base.en", "small", "small.en", "medium", "medium.en",
        "large", "large-v1", "large-v2", "large-v3", "turbo", "large-v3-turbo",
    ],
)  # fmt: skip
def test_every_official_name_is_known(name: str) -> None:
    assert named(name)
    assert name in OFFICIAL_NAMES


def test_large_is_the_latest_large_one() -> None:
    assert named("large") is named("large-v3")


@pytest.mark.parametrize("name", ["", "huge", "Large", "large-v4", STARTER, "tiny.de"])
def test_other_names_are_unknown(name: str) -> None:
    assert named(name) is None


def test_without_a_limit_the_best_comes_first_and_the_smallest_last() -> None:
    assert names(candidates(None)) == [
        "large-v3", "large-v2", "large-v1", "medium", "small", "base", "tiny",
    ]  # fmt: skip


def test_a_limit_is_tried_first_and_then_all_that_are_smaller() -> None:
    assert names(candidates(model("small"))) == ["small", "base", "tiny"]
    assert names(candidates(model("tiny"))) == ["tiny"]


def test_an_english_limit_prefers_english_models_of_each_size() -> None:
    assert names(candidates(model("small.en"))) == ["small.en", "small", "base.en", "base", "tiny.en", "tiny"]


def test_no_other_limit_admits_an_english_model() -> None:
    for limit in CATALOGUE:
        assert not limit.multilingual or all(each.multilingual for each in candidates(limit))


def test_whoever_wants_the_smallest_may_have_any_other_after_it() -> None:
    assert names(smallest_first())[:3] == ["tiny", "base", "small"]


def test_turbo_is_taken_when_it_is_the_limit_and_never_instead_of_another() -> None:
    assert names(candidates(model("turbo"))) == ["turbo", "medium", "small", "base", "tiny"]
    assert "turbo" not in names(candidates(model("large")))


def test_turbo_and_english_models_do_not_translate() -> None:
    assert {each.name for each in CATALOGUE if not each.translates} == {
        "turbo", "tiny.en", "base.en", "small.en", "medium.en",
    }  # fmt: skip


@given(any_model)
def test_no_candidate_is_above_the_limit(limit: Model) -> None:
    models = candidates(limit)

    assert models[0] is limit
    assert all(each.rank <= limit.rank for each in models)
    assert all(each.rank < limit.rank for each in models[1:] if limit.multilingual)
    assert [each.rank for each in models] == sorted((each.rank for each in models), reverse=True)
    assert len(set(models)) == len(models)


@given(any_model, st.integers(0, 12_000 * MB))
def test_what_fits_into_a_gpu_leaves_it_room(limit: Model, free_memory: int) -> None:
    fit = fitting(candidates(limit), free_memory)

    assert all(each.size < free_memory for each in fit)
    assert [each for each in candidates(limit) if each in fit] == fit


def test_all_models_fit_into_a_gpu_of_12_gb_and_none_into_none() -> None:
    assert fitting(CATALOGUE, 12_000 * MB) == list(CATALOGUE)
    assert fitting(CATALOGUE, 0) == []


def test_the_best_that_fits_comes_first() -> None:
    assert names(fitting(candidates(None), 4_000 * MB)) == ["medium", "small", "base", "tiny"]


@given(any_model)
def test_each_model_is_pinned_to_one_state_of_its_files(each: Model) -> None:
    assert len(each.revision) == 40
    assert set(each.revision) <= set("0123456789abcdef")
    assert each.sha256 is None or len(each.sha256) == 64
