"""When recordings that share a machine will be done."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whisper_api.tasks.pace import seconds_until_done

seconds = st.lists(st.integers(1, 1000).map(float), min_size=1, max_size=12)


@given(seconds, st.integers(1, 12))
def test_when_the_last_is_done_all_the_work_is(remaining: list[float], places: int) -> None:
    ends = [seconds_until_done(index, remaining, places=places) for index in range(len(remaining))]

    assert max(ends) == pytest.approx(sum(remaining))
    assert all(end >= own for end, own in zip(ends, remaining, strict=True))


@given(seconds)
def test_with_one_place_each_waits_for_all_before_it(remaining: list[float]) -> None:
    ends = [seconds_until_done(index, remaining, places=1) for index in range(len(remaining))]

    assert ends == [sum(remaining[: index + 1]) for index in range(len(remaining))]


@given(seconds)
def test_with_a_place_for_each_nobody_waits_for_more_of_another_than_it_takes_itself(remaining: list[float]) -> None:
    ends = [seconds_until_done(index, remaining, places=len(remaining)) for index in range(len(remaining))]

    assert ends == [pytest.approx(sum(min(own, other) for other in remaining)) for own in remaining]
