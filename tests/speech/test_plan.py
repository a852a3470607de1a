"""How the work is laid out on a device."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from whisper_api.speech.devices import CPU, Device
from whisper_api.speech.plan import Plan, plan_for
from whisper_api.speech.processor import usable_cores
from whisper_api.speech.tokens import TOKENS_PER_SECOND
from whisper_api.speech.windows import LONGEST_SECONDS

GPU = Device("cuda", "float16")
CORES = (1, 2, 3, 4, 8, 64)

plans = st.sampled_from(
    (*(plan_for(CPU, cores=cores, amx=amx) for cores in CORES for amx in (False, True)), plan_for(GPU))
)
speech_seconds = st.floats(0.1, LONGEST_SECONDS)

ROUNDING = 1e-9


@given(plans, speech_seconds)
def test_the_encoder_sees_the_speech_and_its_margin_but_never_more_than_30_s(plan: Plan, seconds: float) -> None:
    seen = plan.encoder_seconds(seconds)

    assert seen == LONGEST_SECONDS or seen >= max(seconds + plan.margin_seconds, plan.smallest_seconds) - ROUNDING
    assert seconds <= seen <= LONGEST_SECONDS
    assert seen == LONGEST_SECONDS or seen / plan.bucket_seconds == pytest.approx(round(seen / plan.bucket_seconds))


@given(plans, speech_seconds)
def test_the_decoder_listens_to_the_speech_and_its_margin_but_never_to_more_than_30_s(
    plan: Plan, seconds: float
) -> None:
    heard = plan.decoder_seconds(seconds)

    assert heard == LONGEST_SECONDS or heard >= seconds + plan.decoder_margin_seconds
    assert seconds <= heard <= LONGEST_SECONDS
    assert heard % plan.company_seconds == 0


@given(plans, speech_seconds)
def test_the_decoder_never_listens_to_much_that_the_encoder_has_not_seen(plan: Plan, seconds: float) -> None:
    assert plan.decoder_seconds(seconds) < plan.encoder_seconds(seconds) + plan.company_seconds


@given(plans, speech_seconds)
def test_both_have_the_full_30_s_or_neither(plan: Plan, seconds: float) -> None:
    """Or a text would be doubted, and looked for over 30 s that are none."""
    assume(seconds <= plan.speech_seconds)

    assert (plan.encoder_seconds(seconds) == LONGEST_SECONDS) == (plan.decoder_seconds(seconds) == LONGEST_SECONDS)


@given(speech_seconds)
def test_with_amx_the_encoders_output_has_a_multiple_of_64_places(seconds: float) -> None:
    seen = plan_for(CPU, amx=True).encoder_seconds(seconds)

    assert seen == LONGEST_SECONDS or round(seen * TOKENS_PER_SECOND) % 64 == 0


@given(plans, speech_seconds, speech_seconds)
def test_more_speech_never_has_a_shorter_window(plan: Plan, one: float, other: float) -> None:
    shorter, longer = sorted((one, other))

    assert plan.encoder_seconds(shorter) <= plan.encoder_seconds(longer)
    assert plan.decoder_seconds(shorter) <= plan.decoder_seconds(longer)


@given(plans, speech_seconds)
def test_a_batch_is_as_long_as_is_decoded_at_once_and_at_least_one_window(plan: Plan, seconds: float) -> None:
    length = plan.decoder_seconds(seconds)
    count = plan.decoded_at_once(length)

    assert count >= 1
    assert count == 1 or count * length <= plan.decoded_seconds_at_once
    assert count in (1, plan.hypotheses_at_once) or plan.decoded_seconds_at_once < (count + 1) * length


@given(plans, speech_seconds, st.integers(1, 20))
def test_no_more_hypotheses_are_followed_at_once_than_there_is_memory_for(
    plan: Plan, seconds: float, hypotheses: int
) -> None:
    count = plan.decoded_at_once(plan.decoder_seconds(seconds), hypotheses=hypotheses)

    assert count == 1 or count * hypotheses <= plan.hypotheses_at_once


@pytest.mark.parametrize("avx512", [False, True])
@pytest.mark.parametrize("cores", CORES)
def test_all_cores_are_used_and_none_is_fought_over_by_many(cores: int, avx512: bool) -> None:
    made = plan_for(CPU, cores=cores, avx512=avx512)

    assert 1 <= made.lanes <= cores
    assert cores <= made.lanes * made.threads <= 2 * cores + made.lanes
    assert made.recordings_at_once >= 32


@pytest.mark.parametrize(("avx512", "threads"), [(False, 2), (True, 1)])
def test_fast_cores_have_one_thread_each(avx512: bool, threads: int) -> None:
    assert plan_for(CPU, cores=2, avx512=avx512).threads == threads


@pytest.mark.parametrize(("cores", "lanes"), [(1, 1), (2, 2), (4, 2), (8, 4), (64, 32)])
def test_more_cores_are_more_lanes(cores: int, lanes: int) -> None:
    assert plan_for(CPU, cores=cores).lanes == lanes


def test_a_gpu_is_one_lane_of_large_batches() -> None:
    made = plan_for(GPU)

    assert made.lanes == 1
    assert made.encoded_at_once > 1
    assert made.decoded_at_once(LONGEST_SECONDS) > plan_for(CPU, cores=4).decoded_at_once(LONGEST_SECONDS)


def test_without_a_number_all_usable_cores_are_used() -> None:
    assert plan_for(CPU) == plan_for(CPU, cores=usable_cores())
