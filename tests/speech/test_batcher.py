"""What is done next: nobody waits long, and nobody's windows are lost. There is no model here."""

import random
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from whisper_api.speech.batcher import Batcher, Cancelled, Decode, Encode, Entry, Forget, Line
from whisper_api.speech.detection import CERTAIN
from whisper_api.speech.hypothesis import Attempt, Hypothesis, attempts
from whisper_api.speech.options import Options
from whisper_api.speech.plan import Plan
from whisper_api.speech.windows import LONGEST_SECONDS
from whisper_api.speech.words import Spoken

PLAN = Plan(
    lanes=2,
    threads=1,
    speech_seconds=20,
    margin_seconds=4,
    bucket_seconds=0.5,
    smallest_seconds=5,
    decoder_margin_seconds=0,
    company_seconds=5,
    encoded_at_once=1,
    decoded_seconds_at_once=30,
    hypotheses_at_once=10,
    recordings_at_once=16,
)
"""Three windows of 10 s are decoded at once."""

SOON = 10.0
"""Seconds within which a thread that has something to do does it."""

SPOKEN = Spoken(Hypothesis((1,), "One.", -0.1, 1.0, 0.0, ended=True, seconds=10))

Step = Encode | Decode


@pytest.fixture
def batcher() -> Batcher:
    return Batcher(PLAN)


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(4) as pool:
        yield pool


def recording(batcher: Batcher, *, language: str | None = "en", windows: int = 0, begins: bool = False) -> Line:
    """One of which something was decoded before, unless it ``begins``."""
    line = batcher.join(Options(), language=language)
    line.was_decoded = not begins
    for _ in range(windows):
        window(batcher, line)
    return line


def window(
    batcher: Batcher,
    line: Line,
    *,
    seconds: float = 10,
    previous: tuple[int, ...] = (),
    tries: tuple[Attempt, ...] = attempts(1, whole=False),
) -> Entry:
    entry = Entry(
        line=line,
        features=np.zeros((80, 1), np.float32),
        seconds=seconds,
        encoder_seconds=seconds,
        decoder_seconds=PLAN.decoder_seconds(seconds),
        attempts=tries,
        previous=previous,
    )
    batcher.put(entry)
    return entry


def is_idle(batcher: Batcher) -> bool:
    """Whether there is nothing to do until something changes."""
    with batcher._changed:
        return batcher._choose() is None


def must_forget(batcher: Batcher) -> bool:
    with batcher._changed:
        return batcher._seconds_until_forgetting() == 0


def taken(batcher: Batcher) -> Step:
    """The next step, which must be there."""
    assert not is_idle(batcher)
    step = batcher.next()
    assert isinstance(step, Encode | Decode)
    return step


def carry_out(batcher: Batcher, step: Step, *, language: str = "en", probability: float = 0.9) -> None:
    for entry in step.entries:
        if isinstance(step, Decode):
            entry.spoken.set_result(SPOKEN)
        else:
            if entry.line.language is None:
                entry.line.detection.guess({language: probability}, entry.seconds)
            entry.encoded = np.zeros((1, 1, 1), np.float32)
    batcher.done(step)


def encoded(batcher: Batcher, line: Line, windows: int) -> list[Entry]:
    """So many windows of a recording, encoded, while nothing else waits."""
    entries = [window(batcher, line) for _ in range(windows)]
    for _ in entries:
        step = taken(batcher)
        assert isinstance(step, Encode)
        carry_out(batcher, step)
    return entries


def all_steps(batcher: Batcher) -> list[Step]:
    """What one hand does until nothing is left to do."""
    steps = []
    while not is_idle(batcher):
        steps.append(taken(batcher))
        carry_out(batcher, steps[-1])
    return steps


def lines(steps: Sequence[Step], kind: type[Step] = Encode) -> list[Line]:
    return [entry.line for step in steps if isinstance(step, kind) for entry in step.entries]


# ---- one recording -------------------------------------------------------------------------------------------------


def test_a_window_is_encoded_and_then_decoded(batcher: Batcher) -> None:
    line = recording(batcher)
    entry = window(batcher, line)
    batcher.complete(line)

    encode, decode = all_steps(batcher)

    assert encode == Encode([entry])
    assert decode == Decode([entry])
    assert entry.spoken.result(0) is SPOKEN


def test_the_windows_of_a_recording_go_in_their_order(batcher: Batcher) -> None:
    line = recording(batcher)
    entries = [window(batcher, line) for _ in range(7)]
    batcher.complete(line)

    steps = all_steps(batcher)

    assert [entry for step in steps if isinstance(step, Encode) for entry in step.entries] == entries
    assert [entry for step in steps if isinstance(step, Decode) for entry in step.entries] == entries


def test_the_first_words_of_a_recording_do_not_wait_for_the_next_ones(batcher: Batcher) -> None:
    recording(batcher, windows=7, begins=True)

    decoded = [len(step.entries) for step in all_steps(batcher) if isinstance(step, Decode)]

    assert decoded == [1, 3, 3]


def test_the_first_words_of_recordings_wait_for_each_other(batcher: Batcher) -> None:
    came = [recording(batcher, windows=2, begins=True) for _ in range(3)]

    decoded = [step for step in all_steps(batcher) if isinstance(step, Decode)]

    assert [entry.line for entry in decoded[0].entries] == came


def test_a_recording_alone_fills_its_batches(batcher: Batcher) -> None:
    line = recording(batcher, windows=8)
    batcher.complete(line)

    decoded = [len(step.entries) for step in all_steps(batcher) if isinstance(step, Decode)]

    assert decoded == [3, 3, 2]


def test_short_windows_make_larger_batches(batcher: Batcher) -> None:
    line = recording(batcher)
    for _ in range(8):
        window(batcher, line, seconds=5)
    batcher.complete(line)

    decoded = [len(step.entries) for step in all_steps(batcher) if isinstance(step, Decode)]

    assert decoded == [6, 2]


@pytest.mark.parametrize(("beams", "sizes"), [(1, [3, 3, 2]), (4, [2, 2, 2, 2]), (5, [2, 2, 2, 2]), (8, [1] * 8)])
def test_the_more_texts_are_followed_for_each_the_smaller_is_a_batch(
    batcher: Batcher, beams: int, sizes: list[int]
) -> None:
    line = recording(batcher)
    for _ in range(8):
        window(batcher, line, tries=attempts(beams, whole=False))
    batcher.complete(line)

    assert [len(step.entries) for step in all_steps(batcher) if isinstance(step, Decode)] == sizes


def test_what_failed_is_tried_again_and_then_over_the_full_window(batcher: Batcher) -> None:
    line = recording(batcher)
    entry = window(batcher, line)
    batcher.complete(line)
    carry_out(batcher, taken(batcher))

    for _ in range(2):
        step = taken(batcher)
        assert step == Decode([entry])
        entry.give_up_attempt()
        batcher.done(step)

    assert entry.encoded is None
    assert (entry.encoder_seconds, entry.decoder_seconds) == (LONGEST_SECONDS, LONGEST_SECONDS)
    assert taken(batcher) == Encode([entry])


def test_what_was_encoded_over_the_full_window_is_not_encoded_again(batcher: Batcher) -> None:
    line = recording(batcher)
    entry = window(batcher, line, tries=attempts(1, whole=True), seconds=LONGEST_SECONDS)
    batcher.complete(line)
    carry_out(batcher, taken(batcher))

    step = taken(batcher)
    entry.give_up_attempt()
    batcher.done(step)

    assert entry.encoded is not None
    assert taken(batcher) == Decode([entry])


# ---- batches -------------------------------------------------------------------------------------------------------


def test_windows_of_several_recordings_are_decoded_together(batcher: Batcher) -> None:
    for line in [recording(batcher, windows=1) for _ in range(3)]:
        batcher.complete(line)

    *_, decode = all_steps(batcher)

    assert isinstance(decode, Decode)
    assert len({entry.line for entry in decode.entries}) == 3


@pytest.mark.parametrize(
    ("seconds", "previous", "tries"),
    [(15, (), attempts(1, whole=False)), (10, (5, 6), attempts(1, whole=False)), (10, (), attempts(5, whole=False))],
    ids=["another length", "another length of the prompt", "another attempt"],
)
def test_only_windows_of_one_kind_are_decoded_together(
    batcher: Batcher, seconds: float, previous: tuple[int, ...], tries: tuple[Attempt, ...]
) -> None:
    one, other = recording(batcher), recording(batcher)
    usual = [window(batcher, one), window(batcher, other)]
    unusual = window(batcher, other, seconds=seconds, previous=previous, tries=tries)
    batcher.complete(one)
    batcher.complete(other)

    decoded = [step.entries for step in all_steps(batcher) if isinstance(step, Decode)]

    assert sorted(decoded, key=len) == [[unusual], usual]


def test_windows_of_one_length_are_encoded_together_where_that_is_faster() -> None:
    batcher = Batcher(replace(PLAN, lanes=1, encoded_at_once=4))
    one, other = recording(batcher, windows=3), recording(batcher, windows=2)
    window(batcher, other, seconds=15)

    first, second, *_ = [step for step in all_steps(batcher) if isinstance(step, Encode)]

    assert [entry.line for entry in first.entries] == [one, other, one, other]
    assert {entry.encoder_seconds for entry in first.entries} == {10}
    assert len(second.entries) == 1


def test_windows_of_one_length_are_not_encoded_together_where_that_is_not_faster(batcher: Batcher) -> None:
    recording(batcher, windows=3)

    assert all(len(step.entries) == 1 for step in all_steps(batcher) if isinstance(step, Encode))


def test_in_a_batch_each_recording_has_its_first_window_before_any_has_its_second(batcher: Batcher) -> None:
    encoded(batcher, recording(batcher), 3)
    assert isinstance(taken(batcher), Decode)
    long, short = recording(batcher), recording(batcher)
    encoded(batcher, long, 3)
    encoded(batcher, short, 1)

    decode = taken(batcher)

    assert isinstance(decode, Decode)
    assert Counter(lines([decode], Decode)) == {long: 2, short: 1}
    assert {entry.line for entry in decode.entries[:2]} == {long, short}


def test_what_must_be_alone_gets_no_company(batcher: Batcher) -> None:
    one, other = recording(batcher), recording(batcher)
    window(batcher, one)
    alone = window(batcher, one)
    alone.is_alone = True
    window(batcher, other)
    batcher.complete(one)
    batcher.complete(other)

    decoded = [step.entries for step in all_steps(batcher) if isinstance(step, Decode)]

    assert [alone] in decoded
    assert sorted(map(len, decoded)) == [1, 2]


def test_what_must_be_alone_is_encoded_alone() -> None:
    batcher = Batcher(replace(PLAN, lanes=1, encoded_at_once=4))
    line = recording(batcher)
    entries = [window(batcher, line) for _ in range(3)]
    entries[1].is_alone = True

    encodes = [step.entries for step in all_steps(batcher) if isinstance(step, Encode)]

    assert sorted(encodes, key=len) == [[entries[1]], [entries[0], entries[2]]]


# ---- fairness ------------------------------------------------------------------------------------------------------


def test_the_first_to_come_is_the_first_to_go(batcher: Batcher) -> None:
    came = [recording(batcher, windows=1) for _ in range(4)]

    assert lines(all_steps(batcher)) == came


def test_recordings_take_turns(batcher: Batcher) -> None:
    one, other = recording(batcher), recording(batcher)
    for _ in range(3):
        window(batcher, one, seconds=15)
        window(batcher, other, seconds=15)

    assert lines(all_steps(batcher)) == [one, other] * 3


@pytest.mark.parametrize(
    ("tries", "given"),
    [(attempts(1, whole=True), 10 + 5), (attempts(1, whole=True)[1:], 10 + 25), (attempts(1, whole=True)[2:], 10 + 25)],
    ids=["greedy", "with beams", "guessed at a temperature"],
)
def test_decoding_counts_by_how_many_texts_are_followed(
    batcher: Batcher, tries: tuple[Attempt, ...], given: float
) -> None:
    line = recording(batcher)
    window(batcher, line, tries=tries)

    all_steps(batcher)

    assert line.given == given


def test_turns_are_counted_in_seconds_and_not_in_windows(batcher: Batcher) -> None:
    one, other = recording(batcher), recording(batcher)
    for _ in range(4):
        window(batcher, one, seconds=5)
        window(batcher, other, seconds=10)

    served = lines(all_steps(batcher))

    assert served[:6] == [one, other, one, one, other, one]


@pytest.mark.parametrize("seconds", [5, 10])
def test_whoever_comes_later_goes_before_the_further_windows_of_a_long_file(batcher: Batcher, seconds: float) -> None:
    recording(batcher, windows=50)
    for _ in range(8):
        carry_out(batcher, taken(batcher))

    newcomer = recording(batcher)
    entry = window(batcher, newcomer, seconds=seconds)
    batcher.complete(newcomer)

    assert taken(batcher) == Encode([entry])


def test_several_that_come_later_all_go_first_in_their_order(batcher: Batcher) -> None:
    recording(batcher, windows=50)
    for _ in range(8):
        carry_out(batcher, taken(batcher))

    came = [recording(batcher, windows=1) for _ in range(3)]

    encodes = [step for step in all_steps(batcher) if isinstance(step, Encode)]
    assert lines(encodes)[:3] == came


def test_whoever_comes_later_does_not_make_up_for_what_the_others_had(batcher: Batcher) -> None:
    long = recording(batcher, windows=10)
    all_steps(batcher)

    newcomer = recording(batcher, windows=4)
    for _ in range(4):
        window(batcher, long)

    assert Counter(lines(all_steps(batcher))[:4]) == {long: 2, newcomer: 2}


def test_whoever_seldom_asks_saves_nothing_up(batcher: Batcher) -> None:
    """As one that nobody reads, or whose windows each need the text of the one before."""
    recording(batcher)
    slow, long = recording(batcher), recording(batcher, windows=20)
    for _ in range(4):
        entry = window(batcher, slow)
        while not entry.spoken.done():
            carry_out(batcher, taken(batcher))
    before = long.given

    newcomer = recording(batcher, windows=6)

    assert before > slow.given
    assert Counter(lines(all_steps(batcher))[:6]) == {long: 3, newcomer: 3}


def test_the_last_window_of_a_recording_does_not_wait_for_a_long_files_further_windows(batcher: Batcher) -> None:
    long, short = recording(batcher, windows=50), recording(batcher, windows=1)
    batcher.complete(short)

    steps: list[Step] = []
    while short not in lines(steps, Decode):
        steps.append(taken(batcher))
        carry_out(batcher, steps[-1])

    assert len(lines(steps)) <= 2
    assert steps[-1].entries[0].line in (long, short)


@pytest.mark.parametrize("is_ready", [False, True])
def test_no_window_waits_for_company_whose_turn_comes_after_others(batcher: Batcher, *, is_ready: bool) -> None:
    """It would wait for these as well."""
    ahead, further, short = recording(batcher), recording(batcher), recording(batcher)
    if is_ready:  # a window of the one that comes last
        encoded(batcher, further, 1)
    window(batcher, ahead)
    ahead.given += 90
    further.given += 100
    for _ in range(3):
        long = recording(batcher)
        for _ in range(20):
            window(batcher, long, seconds=15)
    window(batcher, short)
    batcher.complete(short)

    steps: list[Step] = []
    while short not in lines(steps, Decode):
        steps.append(taken(batcher))
        carry_out(batcher, steps[-1])

    assert len(lines(steps)) <= 4, "all that came before it go first, once"
    assert ahead not in lines(steps)


def test_a_window_waits_for_company_that_is_being_encoded_whosever_it_is(batcher: Batcher) -> None:
    ahead, short = recording(batcher, windows=1), recording(batcher)
    encoding = taken(batcher)
    ahead.given += 100
    [entry] = encoded(batcher, short, 1)
    batcher.complete(short)
    assert is_idle(batcher)

    carry_out(batcher, encoding)

    step = taken(batcher)
    assert isinstance(step, Decode)
    assert step.entries[0] is entry
    assert lines([step], Decode) == [short, ahead]


def test_whoever_asks_for_a_step_while_all_is_closed_there_and_then_gets_none(
    batcher: Batcher, pool: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Python may notice in the midst of it that nobody uses the engine any more."""
    monkeypatch.setattr(batcher, "_choose", batcher.close)

    assert pool.submit(batcher.next).result(SOON) is None


def test_what_completes_a_recording_goes_before_all_else(batcher: Batcher) -> None:
    short = recording(batcher)
    [entry] = encoded(batcher, short, 1)
    recording(batcher, windows=5)
    window(batcher, recording(batcher), seconds=5)
    batcher.complete(short)

    carry_out(batcher, taken(batcher))
    step = taken(batcher)

    assert isinstance(step, Decode)
    assert entry in step.entries


def test_one_lane_stays_free_while_something_is_to_be_encoded(batcher: Batcher) -> None:
    encoded(batcher, recording(batcher), 3)
    assert isinstance(taken(batcher), Decode)
    encoded(batcher, recording(batcher), 3)

    newcomer = recording(batcher, windows=1)

    assert lines([taken(batcher)], Encode) == [newcomer]


def test_a_lane_stays_free_for_no_longer_than_until_a_recording_can_be_completed(batcher: Batcher) -> None:
    long = recording(batcher)
    encoded(batcher, long, 3)
    assert isinstance(taken(batcher), Decode)
    short = recording(batcher)
    encoded(batcher, short, 1)
    batcher.complete(short)
    window(batcher, long, seconds=20)

    assert lines([taken(batcher)], Decode) == [short]


def test_no_lane_stays_free_while_nothing_is_to_be_encoded(batcher: Batcher) -> None:
    encoded(batcher, recording(batcher), 3)
    assert isinstance(taken(batcher), Decode)
    encoded(batcher, recording(batcher), 3)

    assert isinstance(taken(batcher), Decode)


def test_a_single_lane_does_everything() -> None:
    batcher = Batcher(replace(PLAN, lanes=1))
    encoded(batcher, recording(batcher), 3)
    recording(batcher, windows=1)

    kinds = {type(step) for step in all_steps(batcher)}

    assert kinds == {Encode, Decode}


# ---- the language --------------------------------------------------------------------------------------------------


def test_a_language_that_is_known_is_not_guessed(batcher: Batcher) -> None:
    line = recording(batcher, language="de")

    assert (line.language, line.detection.probability) == ("de", None)


def test_a_certain_guess_settles_it_at_once(batcher: Batcher) -> None:
    line = recording(batcher, language=None, windows=2)

    carry_out(batcher, taken(batcher), language="de", probability=CERTAIN)

    assert (line.language, line.detection.probability) == ("de", CERTAIN)


def test_three_uncertain_guesses_settle_it_between_them(batcher: Batcher) -> None:
    line = recording(batcher, language=None)
    for language, probability in (("de", 0.45), ("nl", 0.3), ("nl", 0.3)):
        assert line.language is None
        window(batcher, line)
        carry_out(batcher, taken(batcher), language=language, probability=probability)

    assert line.language == "nl"
    assert line.detection.probability == pytest.approx(0.2)


def test_a_window_is_not_decoded_before_its_language_is_known(batcher: Batcher) -> None:
    line = recording(batcher, language=None)
    for _ in range(2):
        window(batcher, line)
        carry_out(batcher, taken(batcher), probability=0.3)

    assert is_idle(batcher)

    window(batcher, line)
    carry_out(batcher, taken(batcher), probability=0.3)
    assert isinstance(taken(batcher), Decode)


def test_nobody_waits_for_a_recording_whose_language_is_not_made_out_yet(batcher: Batcher) -> None:
    """It may be hours until somebody speaks in it again."""
    recording(batcher, language=None, windows=1)
    carry_out(batcher, taken(batcher), probability=0.3)
    line = recording(batcher, windows=1)
    batcher.complete(line)
    carry_out(batcher, taken(batcher))

    assert lines([taken(batcher)], Decode) == [line]


def test_a_recording_that_is_complete_needs_no_three_guesses(batcher: Batcher) -> None:
    line = recording(batcher, language=None)
    window(batcher, line)
    carry_out(batcher, taken(batcher), language="de", probability=0.3)

    batcher.complete(line)

    assert isinstance(taken(batcher), Decode)
    assert line.language == "de"


def test_a_recording_that_is_complete_is_still_heard_to_its_end(batcher: Batcher) -> None:
    line = recording(batcher, language=None, windows=2)
    batcher.complete(line)

    carry_out(batcher, taken(batcher), language="de", probability=0.3)
    step = taken(batcher)
    assert line.language is None
    carry_out(batcher, step, language="nl", probability=0.4)

    assert isinstance(taken(batcher), Decode)
    assert line.language == "nl"


def test_where_each_window_needs_the_one_before_the_first_alone_makes_it_out(batcher: Batcher) -> None:
    line = batcher.join(Options(condition_on_previous_text=True), language=None)
    window(batcher, line)

    carry_out(batcher, taken(batcher), language="de", probability=0.3)

    assert line.language == "de"


def test_what_is_said_later_does_not_change_what_a_window_is_decoded_in(batcher: Batcher) -> None:
    """Else the text would depend on how fast the windows after it are."""
    line = recording(batcher, language=None)
    entry = window(batcher, line)
    line.detection.guess({"fr": 0.94}, 10)
    entry.spoken_language = line.language

    line.detection.guess({"en": 0.99}, 20)

    assert (line.language, entry.take_language()) == ("en", "fr")


def test_without_speech_there_is_no_language(batcher: Batcher) -> None:
    line = recording(batcher, language=None)
    batcher.complete(line)

    assert is_idle(batcher)
    assert line.language is None


# ---- the end -------------------------------------------------------------------------------------------------------


def test_what_waits_of_a_recording_that_is_left_is_cancelled(batcher: Batcher) -> None:
    line, other = recording(batcher), recording(batcher, windows=1)
    waiting = window(batcher, line)

    batcher.leave(line)

    with pytest.raises(Cancelled):
        waiting.spoken.result(0)
    assert lines(all_steps(batcher)) == [other]


def test_what_is_in_hand_of_a_recording_that_is_left_is_dropped(batcher: Batcher) -> None:
    line = recording(batcher)
    entry = window(batcher, line)
    step = taken(batcher)

    batcher.leave(line)
    with pytest.raises(Cancelled):
        entry.spoken.result(0)
    entry.encoded = np.zeros((1, 1, 1), np.float32)
    batcher.done(step)

    assert is_idle(batcher)
    assert batcher._in_hand == []


def test_others_in_a_batch_go_on_when_one_leaves(batcher: Batcher) -> None:
    line, other = recording(batcher, windows=1), recording(batcher, windows=1)
    batcher.complete(line)
    batcher.complete(other)
    for _ in range(2):
        carry_out(batcher, taken(batcher))
    step = taken(batcher)
    assert len(step.entries) == 2

    batcher.leave(line)
    batcher.done(step)

    assert lines([taken(batcher)], Decode) == [other]


def test_whoever_leaves_is_not_waited_for(batcher: Batcher) -> None:
    one, other = recording(batcher, windows=1), recording(batcher)
    batcher.complete(one)
    carry_out(batcher, taken(batcher))
    window(batcher, other)

    batcher.leave(other)

    assert isinstance(taken(batcher), Decode)


def test_a_window_of_a_recording_that_was_left_is_cancelled_at_once(batcher: Batcher) -> None:
    line = recording(batcher)
    batcher.leave(line)

    entry = window(batcher, line)

    assert isinstance(entry.spoken.exception(0), Cancelled)
    assert is_idle(batcher)


def test_to_leave_after_all_was_said_or_twice_does_no_harm(batcher: Batcher) -> None:
    line = recording(batcher)
    entry = window(batcher, line)
    batcher.complete(line)
    all_steps(batcher)

    batcher.leave(line)
    batcher.leave(line)

    assert entry.spoken.result(0) is SPOKEN


def test_whoever_has_nothing_to_do_waits_for_something(batcher: Batcher, pool: ThreadPoolExecutor) -> None:
    step = pool.submit(batcher.next)
    entry = window(batcher, recording(batcher))

    assert step.result(SOON) == Encode([entry])


def test_whoever_waits_for_company_is_told_that_none_will_come(batcher: Batcher, pool: ThreadPoolExecutor) -> None:
    line, other = recording(batcher, windows=1), recording(batcher)
    batcher.complete(line)
    carry_out(batcher, taken(batcher))
    window(batcher, other)
    encoding = taken(batcher)
    step = pool.submit(batcher.next)

    batcher.leave(other)
    batcher.done(encoding)

    assert isinstance(step.result(SOON), Decode)


@pytest.mark.parametrize("recordings", [0, 1])
def test_whoever_waits_when_it_is_closed_is_sent_home(
    batcher: Batcher, pool: ThreadPoolExecutor, recordings: int
) -> None:
    for _ in range(recordings):
        recording(batcher)
    waiting = [pool.submit(batcher.next) for _ in range(2)]

    batcher.close()

    try:
        assert [step.result(SOON) for step in waiting] == [None, None]
    finally:
        with batcher._changed:
            batcher._changed.notify_all()


def test_when_it_is_closed_everything_that_waits_is_cancelled(batcher: Batcher) -> None:
    entries = [window(batcher, recording(batcher)) for _ in range(3)]
    step = taken(batcher)

    batcher.close()

    assert all(isinstance(entry.spoken.exception(0), Cancelled) for entry in entries)
    assert batcher.next() is None
    batcher.done(step)


def test_nobody_joins_what_is_closed(batcher: Batcher) -> None:
    batcher.close()

    with pytest.raises(Cancelled):
        recording(batcher)


# ---- a busy day ----------------------------------------------------------------------------------------------------


@dataclass(eq=False)
class Sender:
    """Sends its windows as a recording does: some ahead, in their order, until all have been sent."""

    line: Line
    lengths: list[float]
    sent: list[Entry]
    ahead: int

    @property
    def is_done(self) -> bool:
        return len(self.sent) == len(self.lengths) and all(entry.spoken.done() for entry in self.sent)

    def send(self, batcher: Batcher) -> None:
        done = sum(entry.spoken.done() for entry in self.sent)
        while len(self.sent) < min(len(self.lengths), done + self.ahead):
            self.sent.append(window(batcher, self.line, seconds=self.lengths[len(self.sent)]))
        if len(self.sent) == len(self.lengths):
            batcher.complete(self.line)


lengths = st.sampled_from((5.0, 7.5, 10.0, 18.0, 24.0))
arrivals = st.lists(
    st.tuples(st.integers(0, 40), st.one_of(st.just(1), st.integers(1, 15)).flatmap(
        lambda count: st.lists(lengths, min_size=count, max_size=count))),
    min_size=1, max_size=8,
)  # fmt: skip


@settings(max_examples=60)
@given(arrivals, st.integers(1, 4), st.sampled_from((1, 4)), st.booleans(), st.randoms(use_true_random=False))
def test_everybody_gets_on_and_each_window_is_done_once(
    coming: list[tuple[int, list[float]]], lanes: int, at_once: int, known: bool, chance: random.Random
) -> None:
    batcher = Batcher(replace(PLAN, lanes=lanes, encoded_at_once=at_once))
    coming = sorted(coming, key=lambda arrival: arrival[0])
    senders: list[Sender] = []
    in_hand: list[Step] = []
    encodes: Counter[Entry] = Counter()
    decodes: Counter[Entry] = Counter()
    time = 0

    while coming or any(not sender.is_done for sender in senders):
        time += 1
        while coming and coming[0][0] <= time:
            line = batcher.join(Options(), language="en" if known else None)
            senders.append(Sender(line, coming.pop(0)[1], [], ahead=4 * lanes))
        for sender in senders:
            sender.send(batcher)
        while len(in_hand) < lanes and not is_idle(batcher):
            step = taken(batcher)
            in_hand.append(step)
            (encodes if isinstance(step, Encode) else decodes).update(step.entries)
            assert all(entry.encoded is None for entry in step.entries) == isinstance(step, Encode)
            assert len({entry.company for entry in step.entries}) == 1 or isinstance(step, Encode)
            assert len({entry.encoder_seconds for entry in step.entries}) == 1 or isinstance(step, Decode)
        assert in_hand or coming, "everybody waits for somebody else"
        if in_hand:
            step = in_hand.pop(chance.randrange(len(in_hand)))
            carry_out(batcher, step, probability=chance.choice((0.3, 0.9)))

    entries = [entry for sender in senders for entry in sender.sent]
    assert all(entry.spoken.result(0) is SPOKEN for entry in entries)
    assert encodes == decodes == Counter(entries)
    assert (batcher._waiting, batcher._in_hand) == ([], [])


@settings(max_examples=60)
@given(
    st.lists(st.tuples(st.integers(10, 20), lengths), min_size=1, max_size=4),
    st.integers(0, 60),
    lengths,
    st.integers(1, 3),
    st.randoms(use_true_random=False),
)
def test_a_short_recording_is_encoded_soon_whatever_long_ones_there_are(
    files: list[tuple[int, float]], steps_before: int, length: float, lanes: int, chance: random.Random
) -> None:
    batcher = Batcher(replace(PLAN, lanes=lanes))
    senders = [Sender(batcher.join(Options(), language="en"), [each] * count, [], ahead=8) for count, each in files]
    in_hand: list[Step] = []

    def step_on() -> Step | None:
        for sender in senders:
            sender.send(batcher)
        if len(in_hand) == lanes or (in_hand and is_idle(batcher)):
            carry_out(batcher, in_hand.pop(chance.randrange(len(in_hand))))
            return None
        if is_idle(batcher):
            return None
        in_hand.append(taken(batcher))
        return in_hand[-1]

    for _ in range(steps_before):
        step_on()
    newcomer = Sender(batcher.join(Options(), language="en"), [length], [], ahead=8)
    senders.append(newcomer)

    before: list[Step] = []
    while not (step := step_on()) or newcomer.line not in lines([step]):
        before += [step] if step else []

    encoded_seconds = sum(
        entry.encoder_seconds for each in before if isinstance(each, Encode) for entry in each.entries
    )
    assert encoded_seconds <= 24 * len(files)
    assert sum(isinstance(each, Decode) for each in before) <= lanes + 5 * len(files)


def test_a_stream_of_short_recordings_does_not_starve_a_long_one() -> None:
    batcher = Batcher(PLAN)
    long = Sender(batcher.join(Options(), language="en"), [20.0] * 8, [], ahead=8)
    long.send(batcher)
    short: list[Sender] = []
    encoded = 0
    for _ in range(200):
        short = [sender for sender in short if not sender.line.was_left]
        while len(short) < 3:
            short.append(Sender(batcher.join(Options(), language="en"), [20.0], [], ahead=8))
        for sender in short:
            sender.send(batcher)
        step = taken(batcher)
        encoded += isinstance(step, Encode) and any(entry.line is long.line for entry in step.entries)
        carry_out(batcher, step)
        long.send(batcher)
        for sender in short:
            if sender.line in lines([step], Decode):
                batcher.leave(sender.line)

    assert encoded == 8


# ---- when nobody is left -------------------------------------------------------------------------------------------


def test_what_was_computed_is_forgotten_once_when_the_last_recording_is_left(batcher: Batcher) -> None:
    line, other = recording(batcher, windows=1), recording(batcher)
    batcher.complete(line)
    for _ in range(2):
        carry_out(batcher, taken(batcher))
    batcher.leave(line)
    assert not must_forget(batcher)

    batcher.leave(other)

    assert batcher.next() == Forget()
    assert not must_forget(batcher), "somebody is at it"
    batcher.done(Forget())
    assert not must_forget(batcher), "there is nothing left"


def test_what_is_still_being_computed_is_forgotten_after_it(batcher: Batcher) -> None:
    line = recording(batcher, windows=1)
    encoding = taken(batcher)
    batcher.leave(line)
    assert not must_forget(batcher)

    batcher.done(encoding)

    assert batcher.next() == Forget()


def test_whoever_waits_is_told_that_it_is_time_to_forget(batcher: Batcher, pool: ThreadPoolExecutor) -> None:
    line = recording(batcher)
    step = pool.submit(batcher.next)

    batcher.leave(line)

    assert step.result(SOON) == Forget()


def test_even_one_that_had_no_window_is_forgotten(batcher: Batcher) -> None:
    batcher.leave(recording(batcher))

    assert batcher.next() == Forget()


def test_while_others_go_on_what_is_left_is_forgotten_now_and_then() -> None:
    now = 0.0
    batcher = Batcher(PLAN, clock=lambda: now)
    gone, other = recording(batcher, windows=1), recording(batcher, windows=3)
    carry_out(batcher, taken(batcher))
    batcher.leave(gone)
    assert isinstance(taken(batcher), Encode)

    now = 10.0

    assert batcher.next() == Forget()
    batcher.done(Forget())
    assert isinstance(taken(batcher), Encode)
    batcher.leave(other)


def test_what_is_left_is_forgotten_though_nothing_else_happens(
    pool: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As where somebody else's recording is silent for long."""
    monkeypatch.setattr("whisper_api.speech.batcher._FORGOTTEN_WITHIN_SECONDS", 0.05)
    batcher = Batcher(PLAN)
    gone, other = recording(batcher), recording(batcher)
    batcher.leave(gone)

    assert pool.submit(batcher.next).result(SOON) == Forget()
    batcher.done(Forget())
    batcher.leave(other)


def test_what_piles_up_of_a_long_one_is_forgotten_now_and_then() -> None:
    now = 5.0
    batcher = Batcher(PLAN, clock=lambda: now)
    now = 100.0
    line = recording(batcher, windows=3)
    carry_out(batcher, taken(batcher))
    assert isinstance(taken(batcher), Encode), "it came just now"

    now = 110.0

    assert batcher.next() == Forget()
    batcher.done(Forget())
    assert isinstance(taken(batcher), Encode)
    batcher.leave(line)


def test_only_one_forgets_at_a_time() -> None:
    now = 0.0
    batcher = Batcher(PLAN, clock=lambda: now)
    gone, *_ = recording(batcher, windows=1), recording(batcher, windows=3)
    carry_out(batcher, taken(batcher))
    batcher.leave(gone)
    now = 10.0
    assert batcher.next() == Forget()
    later = recording(batcher, windows=1)
    assert isinstance(taken(batcher), Encode)

    batcher.leave(later)
    now = 20.0

    assert isinstance(taken(batcher), Encode)
