"""What people do on the page: a recording goes in, its text comes out, is heard, corrected and taken along."""

import base64
import io
import re
import wave
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Locator, Page, Route, expect

from tests.e2e.recordings import FOX, SPOKEN_BY_A_MACHINE, png, sample, speech, talk, wav
from tests.e2e.server import Server, eventually

from . import browser
from .browser import PHONE, Watch
from .conftest import Axe, OpenPage

LONG_SECONDS = 900  # also on a fast machine there is time to watch it; nobody waits for its end

# How high a waveform is drawn, in each tenth of its width, in pixels.
HEIGHTS = """(card) => {
    const canvas = card.querySelector(".waveform > div")?.shadowRoot.querySelector("canvas");
    if (!canvas) return [0];
    const { width, height } = canvas;
    const copy = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true });
    copy.drawImage(canvas, 0, 0);
    const { data } = copy.getImageData(0, 0, width, height);
    const heights = Array(10).fill(0);
    for (let x = 0; x < width; x += 1) {
        let drawn = 0;
        for (let y = 0; y < height; y += 1) drawn += data[4 * (y * width + x) + 3] > 0;
        const tenth = Math.floor((10 * x) / width);
        heights[tenth] = Math.max(heights[tenth], drawn);
    }
    return heights;
}"""

# Where a browser's fingers go, in the page's order.
DROP = """async ([base64, name, kind]) => {
    const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
    const data = new DataTransfer();
    if (name) data.items.add(new File([bytes], name));
    else data.items.add("some text", "text/plain");
    const event = kind === "paste" ? new ClipboardEvent("paste", { clipboardData: data, bubbles: true })
        : new DragEvent("drop", { dataTransfer: data, bubbles: true, cancelable: true });
    document.querySelector("h1").dispatchEvent(event);
}"""


def choose(page: Page, content: bytes, name: str = "talk.wav") -> Locator:
    """Pick a file; answers its card."""
    browser.choose(page, content, name)
    return card(page, name)


def card(page: Page, name: str) -> Locator:
    return page.locator(".card", has=page.get_by_role("heading", name=name, exact=True))


def finished(card: Locator) -> Locator:
    expect(card).to_have_attribute("data-state", "finished")
    return card


def fox(page: Page, name: str = "fox.wav") -> Locator:
    """A card with a finished text."""
    return finished(choose(page, sample(FOX).read_bytes(), name))


def saved(page: Page, on: Locator, name: str) -> tuple[str, str]:
    """The name and the content of a download."""
    on.locator(".save summary").click()
    with page.expect_download() as download:
        on.locator(f"[data-format={name}]").click()
    return download.value.suggested_filename, Path(download.value.path()).read_text("utf-8")


def task_ids(page: Page) -> list[str]:
    ids: list[str] = page.evaluate("JSON.parse(localStorage['whisper_api.tasks'] ?? '[]').map(({ id }) => id)")
    return ids


# ---- a recording goes in -----------------------------------------------------------------------------------------


def test_a_chosen_file_becomes_text(page: Page) -> None:
    it = fox(page)

    expect(it.locator(".lines")).to_contain_text("quick brown fox")
    expect(it.locator(".facts")).to_contain_text("English (detected)")
    expect(it.locator(".facts")).to_contain_text("base, processor")
    expect(it.locator(".expiry")).to_contain_text("deletes this by itself")


@pytest.mark.parametrize("kind", ["drop", "paste"])
def test_a_file_may_be_dropped_or_pasted_anywhere(page: Page, kind: str) -> None:
    page.evaluate(DROP, [base64.b64encode(sample(FOX).read_bytes()).decode(), "fox.wav", kind])

    expect(finished(card(page, "fox.wav")).locator(".lines")).to_contain_text("quick brown fox")


def test_a_text_that_is_dropped_is_no_recording(page: Page) -> None:
    page.evaluate(DROP, ["", "", "drop"])

    expect(page.locator(".card")).to_have_count(0)


def test_the_sample_shows_what_the_server_can_do(page: Page) -> None:
    page.get_by_role("button", name="Try it with a sample").click()

    expect(finished(card(page, SPOKEN_BY_A_MACHINE)).locator(".line")).not_to_have_count(0)


def test_the_microphone_records_what_is_said(open_page: OpenPage, tmp_path: Path) -> None:
    wav = tmp_path / "said.wav"
    wav.write_bytes(talk(30))
    page = open_page(microphone=wav)

    page.get_by_role("button", name="Record with the microphone").click()
    recorder = page.get_by_role("group", name="Microphone")
    expect(recorder.locator(".time")).to_have_text("0:06")
    recorder.get_by_role("button", name="Pause").click()
    expect(recorder).to_contain_text("Paused")
    recorder.get_by_role("button", name="Go on").click()
    expect(recorder.locator(".time")).to_have_text("0:08")
    recorder.get_by_role("button", name="Done: write it down").click()

    expect(recorder).to_be_hidden()
    recorded = finished(page.locator(".card"))
    expect(recorded.get_by_role("heading")).to_contain_text("recording")
    expect(recorded.locator(".lines")).to_contain_text(re.compile("fox|one|hello", re.IGNORECASE))
    expect(recorded.locator(".clock")).to_have_text(re.compile(r"0:00 / 0:0[789]|0:00 / 0:1\d"))


def test_a_recording_can_be_discarded(open_page: OpenPage, tmp_path: Path) -> None:
    wav = tmp_path / "said.wav"
    wav.write_bytes(talk(30))
    page = open_page(microphone=wav)
    page.get_by_role("button", name="Record with the microphone").click()

    page.get_by_role("button", name="Discard").click()

    expect(page.get_by_role("group", name="Microphone")).to_be_hidden()
    expect(page.get_by_role("button", name="Record with the microphone")).to_be_enabled()
    expect(page.locator(".card")).to_have_count(0)


def test_why_there_is_no_microphone_is_said_in_plain_words(page: Page) -> None:
    page.get_by_role("button", name="Record with the microphone").click()

    expect(page.locator("#note")).to_contain_text(re.compile("microphone was found|may not use the microphone"))


def test_settings_reach_the_server_and_are_remembered(page: Page) -> None:
    page.get_by_label("Language spoken in the recording").select_option("de")
    page.get_by_label("Names and terms").fill("Brown Fox")
    page.get_by_label("Translate to English").check()
    page.evaluate("""() => {
        const send = XMLHttpRequest.prototype.send;
        XMLHttpRequest.prototype.send = function (form) {
            window.sent = Object.fromEntries([...form].filter(([, value]) => typeof value === "string"));
            send.call(this, form);
        };
    }""")
    with page.expect_request("**/api/v1/translate"):
        choose(page, sample(FOX).read_bytes())
    assert page.evaluate("sent") == {
        "language": "de", "hotwords": "Brown Fox", "timestamp_granularities[]": "word"
    }  # fmt: skip

    page.reload()

    expect(page.get_by_label("Language spoken in the recording")).to_have_value("de")
    expect(page.get_by_label("Names and terms")).to_have_value("Brown Fox")
    expect(page.get_by_label("Translate to English")).to_be_checked()


# ---- while it lasts ----------------------------------------------------------------------------------------------


def test_text_grows_while_the_rest_is_decoded_and_can_be_cancelled(page: Page, server: Server) -> None:
    talk_card = choose(page, talk(LONG_SECONDS))
    expect(talk_card.locator(".line").nth(3)).to_be_visible()
    expect(talk_card).to_have_attribute("data-state", "processing")
    assert 0 < float(talk_card.locator("progress").get_attribute("value") or 0) < 1
    expect(talk_card.locator(".amount")).to_contain_text("left")
    (task_id,) = task_ids(page)

    talk_card.get_by_role("button", name="Cancel").click()

    expect(talk_card).to_have_count(0)
    assert server.client.get("/api/v1/status", params={"task_id": task_id}).status_code == 400
    assert task_ids(page) == []


def test_a_language_that_was_chosen_is_not_detected(page: Page) -> None:
    page.get_by_label("Language spoken in the recording").select_option("en")
    fox(page)

    page.reload()

    expect(finished(card(page, "fox.wav")).locator(".facts")).to_have_text(re.compile("^English ·"))


def test_a_language_that_is_hardly_sure_is_said_to_be_a_guess(page: Page) -> None:
    it = finished(choose(page, sample("it/ciao_mondo").read_bytes()))  # a second long

    expect(it.locator(".facts")).to_have_text(re.compile(r"^\w+\? \(only [1-4]?\d\s?% likely\) ·"))


def test_several_are_worked_on_side_by_side(page: Page) -> None:
    long = choose(page, talk(LONG_SECONDS), "long.wav")
    expect(long.locator(".line").first).to_be_visible()

    short = fox(page, "short.wav")

    expect(short.locator(".lines")).to_contain_text("fox")
    expect(long).to_have_attribute("data-state", "processing")
    expect(page).to_have_title(re.compile(r"^\(1\) "))
    long.get_by_role("button", name="Cancel").click()
    expect(long).to_have_count(0)


def test_a_reload_loses_nothing_that_the_server_has(page: Page) -> None:
    fox(page)
    long = choose(page, talk(LONG_SECONDS), "long.wav")
    expect(long.locator(".line").first).to_be_visible()

    page.reload()

    expect(page.locator(".card h2")).to_have_text(["long.wav", "fox.wav"])
    expect(finished(card(page, "fox.wav")).locator(".lines")).to_contain_text("quick brown fox")
    expect(long.locator(".line").first).to_be_visible()
    expect(card(page, "fox.wav").locator(".reopen")).to_be_visible()
    long.get_by_role("button", name="Cancel").click()
    expect(long).to_have_count(0)


def test_the_network_may_go_away_and_come_back(page: Page, page_watch: Watch) -> None:
    long = choose(page, talk(LONG_SECONDS), "long.wav")
    expect(long.locator(".line").first).to_be_visible()

    with page_watch.expect_errors("ERR_INTERNET_DISCONNECTED"):
        page.context.set_offline(True)
        expect(long.locator(".status")).to_contain_text("does not answer")
        page.context.set_offline(False)
        expect(long.locator(".status")).to_contain_text("Writing down")
    long.get_by_role("button", name="Cancel").click()
    expect(long).to_have_count(0)


# ---- the text ----------------------------------------------------------------------------------------------------


def test_a_word_that_is_clicked_is_heard_and_lit(page: Page) -> None:
    it = fox(page)
    expect(it.locator(".clock")).to_have_text(re.compile(r"/ 0:0[1-9]"))

    it.locator(".word", has_text="fox").first.click()

    expect(it.get_by_role("button", name="Pause", exact=True)).to_be_visible()
    expect(it.locator(".line.heard")).to_contain_text("fox")
    expect(it.get_by_role("button", name="Play", exact=True)).to_be_visible()  # it has ended
    assert not it.locator(".clock").inner_text().startswith("0:00")


def test_the_waveform_shows_how_loud_it_is(page: Page) -> None:
    spoken = speech(FOX)

    it = finished(choose(page, wav(np.concatenate([spoken, np.zeros_like(spoken)]))))

    page.wait_for_function(f"card => Math.max(...({HEIGHTS})(card)) > 30", arg=it.element_handle())
    heights = it.evaluate(HEIGHTS)
    assert max(heights[:4]) > 30
    assert max(heights[6:]) < 5


def test_another_recording_is_noticed_by_its_length(page: Page) -> None:
    fox(page)
    page.reload()
    it = finished(card(page, "fox.wav"))

    it.locator(".reopen input").set_input_files({"name": "x.wav", "mimeType": "audio/wav", "buffer": talk(30)})
    expect(it.locator(".unplayable")).to_contain_text("seems to be another recording")
    it.locator(".reopen input").set_input_files(sample(FOX))

    expect(it.locator(".unplayable")).to_be_hidden()
    expect(it.locator(".reopen")).to_be_hidden()


def test_a_menu_is_above_everything(page: Page) -> None:
    it = fox(page)

    it.locator(".save summary").click()

    hidden = it.locator(".choices button").evaluate_all("""(buttons) => buttons.filter((button) => {
        const { x, y, width, height } = button.getBoundingClientRect();
        return document.elementFromPoint(x + width / 2, y + height / 2) !== button;
    }).map((button) => button.textContent)""")
    assert hidden == []


def test_another_file_can_be_chosen_where_the_browser_cannot_play_it(page: Page) -> None:
    fox(page)
    page.reload()
    it = finished(card(page, "fox.wav"))

    it.locator(".reopen input").set_input_files({"name": "x.wav", "mimeType": "audio/wav", "buffer": b"no sound"})
    expect(it.locator(".unplayable")).to_be_visible()
    it.locator(".reopen input").set_input_files(sample(FOX))

    expect(it.locator(".clock")).to_have_text(re.compile(r"/ 0:0[1-9]"))
    expect(it.locator(".unplayable")).to_be_hidden()


def test_after_a_reload_the_recording_can_be_heard_again(page: Page) -> None:
    fox(page)
    page.reload()
    it = finished(card(page, "fox.wav"))

    it.locator(".reopen input").set_input_files(sample(FOX))

    expect(it.locator(".clock")).to_have_text(re.compile(r"/ 0:0[1-9]"))
    expect(it.locator(".reopen")).to_be_hidden()


def test_the_keyboard_plays_and_seeks(page: Page) -> None:
    it = finished(choose(page, talk(30)))
    expect(it.locator(".clock")).to_have_text(re.compile(r"/ 0:(29|3\d)"))
    it.get_by_role("heading").focus()

    page.keyboard.press("Alt+l")
    page.keyboard.press("Alt+l")
    expect(it.locator(".clock")).to_have_text(re.compile("^0:10"))
    page.keyboard.press("Alt+j")
    expect(it.locator(".clock")).to_have_text(re.compile("^0:05"))
    page.keyboard.press("Alt+.")
    expect(it.get_by_label("Speed")).to_have_value("1.25")
    page.keyboard.press("Alt+k")
    expect(it.get_by_role("button", name="Pause", exact=True)).to_be_visible()
    page.keyboard.press("Alt+k")
    expect(it.get_by_role("button", name="Play", exact=True)).to_be_visible()


def test_corrections_are_in_every_download(page: Page) -> None:
    it = fox(page)
    it.get_by_role("button", name="Correct").click()
    expect(it.locator(".lines")).to_have_class(re.compile(r"\bediting\b"))
    line = it.locator(".said").first
    said = line.inner_text()
    line.press("End")
    line.press_sequentially(" Grüße von Anna.")

    for ending in ("txt", "srt", "vtt", "json", "md"):
        name, content = saved(page, it, ending)
        assert name == f"fox.{ending}"
        flat = " ".join(content.split())
        assert "Grüße von Anna." in flat
        assert said.split()[0] in flat


def test_a_line_is_cut_with_enter_and_joined_with_backspace(page: Page) -> None:
    it = fox(page)
    before = it.locator(".line").count()
    it.get_by_role("button", name="Correct").click()
    first = it.locator(".said").first
    whole = first.inner_text()
    first.press("Home")
    for _ in range(whole.index(" ")):
        page.keyboard.press("ArrowRight")

    page.keyboard.press("Enter")
    expect(it.locator(".line")).to_have_count(before + 1)
    expect(first).to_have_text(whole.split(" ")[0])
    assert saved(page, it, "txt")[1].splitlines()[0] == whole.split(" ")[0]

    it.locator(".said").nth(1).press("Home")
    page.keyboard.press("Backspace")
    expect(it.locator(".line")).to_have_count(before)
    expect(first).to_have_text(whole)


def test_what_is_pasted_is_text_alone(page: Page) -> None:
    it = fox(page)
    it.get_by_role("button", name="Correct").click()
    line = it.locator(".said").first
    line.focus()
    line.evaluate("""(element) => {
        const data = new DataTransfer();
        data.setData("text/plain", "bold\\nword ");
        data.setData("text/html", "<b>bold</b><script>alert(1)</script>");
        element.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }));
    }""")

    expect(line).to_contain_text("bold word")
    expect(line.locator("b, script")).to_have_count(0)


def test_whoever_leaves_with_corrections_is_asked(page: Page) -> None:
    it = fox(page)
    assert page.evaluate(LEAVES)
    it.get_by_role("button", name="Correct").click()
    it.locator(".said").first.press_sequentially("x")
    assert not page.evaluate(LEAVES)

    saved(page, it, "txt")

    eventually(lambda: page.evaluate(LEAVES))


def test_text_is_copied_with_times_or_without(open_page: OpenPage) -> None:
    page = open_page(permissions=["clipboard-read", "clipboard-write"])
    it = fox(page)

    it.get_by_role("button", name="Copy text").click()
    expect(it.locator(".copy")).to_have_text("Copied")
    assert page.evaluate("navigator.clipboard.readText()") == it.locator(".said").all_inner_texts()[0]
    it.get_by_role("button", name="Copy with times").click()
    expect(it.locator(".copy-times")).to_have_text("Copied")
    assert page.evaluate("navigator.clipboard.readText()").startswith("[0:00] ")


def test_text_is_searched(page: Page) -> None:
    it = finished(choose(page, talk(30)))
    box = it.get_by_role("searchbox")

    box.fill("FOX")
    expect(it.locator(".found")).to_have_text(re.compile(r"^1 of [1-9]"))
    box.press("Enter")
    assert page.evaluate("CSS.highlights.get('found').size") >= 1
    box.fill("crocodile")
    expect(it.locator(".found")).to_have_text("0 of 0")
    box.press("Escape")
    expect(it.locator(".found")).to_have_text("")


def test_uncertain_words_can_be_shown(page: Page) -> None:
    it = with_text(page, words=[(" Grüße", 0.9), (" Wölkchen", 0.2)])
    line = "getComputedStyle(document.querySelector('.uncertain')).textDecorationStyle"
    assert page.evaluate(line) != "wavy"

    it.get_by_role("button", name="Uncertain words").click()

    expect(it.locator(".uncertain")).to_have_text("Wölkchen")
    assert page.evaluate(line) == "wavy"


def test_text_from_right_to_left_is_laid_out_so(page: Page) -> None:
    it = with_text(page, words=[("مرحبا", 0.9), (" بالعالم", 0.9)])

    text = it.locator(".said")
    expect(text).to_have_text("مرحبا بالعالم")
    assert text.evaluate("(element) => getComputedStyle(element).direction") == "rtl"


# ---- ends, and troubles ------------------------------------------------------------------------------------------


def test_forget_now_deletes_it_there_and_here(page: Page, server: Server) -> None:
    it = fox(page)
    (task_id,) = task_ids(page)

    it.get_by_role("button", name="Forget now").click()

    expect(it).to_have_count(0)
    assert server.client.get("/api/v1/status", params={"task_id": task_id}).status_code == 400
    page.reload()
    expect(page.locator(".card")).to_have_count(0)


def test_what_the_server_has_deleted_is_said_and_not_asked_for_again(
    page: Page, server: Server, page_watch: Watch
) -> None:
    fox(page)
    (task_id,) = task_ids(page)
    server.client.delete("/api/v1/task", params={"task_id": task_id})

    with page_watch.expect_errors("status of 400"):
        page.reload()
        expect(card(page, "fox.wav").locator(".status")).to_contain_text("its time was up")
    assert task_ids(page) == []


def test_a_text_that_the_server_has_deleted_can_still_be_taken_along(
    page: Page, server: Server, page_watch: Watch
) -> None:
    it = fox(page)
    (task_id,) = task_ids(page)
    server.client.delete("/api/v1/task", params={"task_id": task_id})

    with page_watch.expect_errors("status of 400"):
        assert "fox" in saved(page, it, "srt")[1]


def test_a_text_is_not_corrected_before_it_is_there(page: Page) -> None:
    long = choose(page, talk(LONG_SECONDS), "long.wav")
    expect(long.locator(".line").first).to_be_visible()
    long.locator(".time").first.focus()

    page.keyboard.press("Alt+e")

    expect(long.locator("[contenteditable]")).to_have_count(0)
    long.get_by_role("button", name="Cancel").click()
    expect(long).to_have_count(0)


def test_what_the_server_says_of_a_correction_is_shown(page: Page, page_watch: Watch) -> None:
    it = fox(page)
    it.get_by_role("button", name="Correct").click()
    it.locator(".said").first.press_sequentially("x")
    page.route("**/api/v1/result*", answering(503, "Too many at once."))

    with page_watch.expect_errors("503"):
        it.locator(".save summary").click()
        it.locator("[data-format=srt]").click()
        expect(it.locator(".detail")).to_have_text("Too many at once.")
    expect(it.locator(".status")).to_have_text("The server did not do that:")


def test_whoever_forgets_corrections_is_asked(page: Page) -> None:
    it = fox(page)
    it.get_by_role("button", name="Correct").click()
    it.locator(".said").first.press_sequentially("x")

    page.once("dialog", lambda dialog: dialog.dismiss())
    it.get_by_role("button", name="Forget now").click()
    expect(it).to_be_visible()
    page.once("dialog", lambda dialog: dialog.accept())
    it.get_by_role("button", name="Forget now").click()
    expect(it).to_have_count(0)


def test_what_is_no_recording_is_said_in_plain_words(page: Page, page_watch: Watch) -> None:
    with page_watch.expect_errors("status of 400"):
        picture = choose(page, png(), "holiday.png")
        expect(picture.locator(".status")).to_contain_text("No speech could be read from this file")
    expect(picture.get_by_role("button", name="Try again")).to_be_hidden()
    picture.get_by_role("button", name="Remove").click()
    expect(picture).to_have_count(0)


def test_a_file_that_is_too_large_is_said_in_plain_words(page: Page, page_watch: Watch) -> None:
    page.route("**/api/v1/transcribe", answering(413, "The file is larger than 500 MB."))

    with page_watch.expect_errors("status of 413"):
        it = choose(page, b"large")
        expect(it.locator(".status")).to_contain_text("too large")
    expect(it.locator(".detail")).to_contain_text("500 MB")


def test_a_full_queue_is_tried_again_by_itself_if_asked(page: Page, page_watch: Watch) -> None:
    page.route("**/api/v1/transcribe", answering(503, "The queue is full.", {"Retry-After": "1"}), times=2)
    with page_watch.expect_errors("status of 503"):
        it = choose(page, sample(FOX).read_bytes())
        expect(it.locator(".status")).to_contain_text("hands full")

        it.get_by_role("button", name="Keep trying").click()

        expect(finished(it).locator(".lines")).to_contain_text("fox")


def test_an_upload_that_breaks_can_be_tried_again(page: Page, page_watch: Watch) -> None:
    page.route("**/api/v1/transcribe", lambda route: route.abort("connectionreset"), times=1)
    with page_watch.expect_errors("ERR_CONNECTION_RESET"):
        it = choose(page, sample(FOX).read_bytes())
        expect(it.locator(".status")).to_contain_text("interrupted")

        it.get_by_role("button", name="Try again").click()

        expect(finished(it).locator(".lines")).to_contain_text("fox")


def test_silence_is_said(page: Page) -> None:
    quiet = finished(choose(page, silence()))

    expect(quiet.locator(".status")).to_contain_text("no speech was found")
    expect(quiet.locator(".save")).to_be_hidden()


# ---- everybody ---------------------------------------------------------------------------------------------------


def test_the_page_speaks_german(open_page: OpenPage) -> None:
    page = open_page(locale="de-AT")
    expect(page.get_by_role("heading", level=1)).to_have_text("Sprache zu Text")
    it = fox(page)
    expect(it.locator(".facts")).to_contain_text("Englisch (erkannt)")
    guessed = finished(choose(page, sample("it/ciao_mondo").read_bytes(), "kurz.wav"))
    expect(guessed.locator(".facts")).to_have_text(re.compile(r"^\w+\? \(nur zu [1-4]?\d\s?% sicher\) ·"))

    page.get_by_label("Sprache dieser Seite").select_option("en")

    expect(page.get_by_role("heading", level=1)).to_have_text("Speech to text")
    expect(it.locator(".facts")).to_contain_text("English (detected)")
    expect(page.locator("html")).to_have_attribute("lang", "en")
    page.reload()
    expect(page.get_by_role("heading", level=1)).to_have_text("Speech to text")


def test_a_phone_shows_everything_without_scrolling_sideways(open_page: OpenPage) -> None:
    page = open_page(PHONE)
    it = fox(page, f"{'a_very_long_name_of_a_file_' * 5}.wav")
    it.get_by_role("button", name="Correct").tap()
    it.locator(".save summary").tap()

    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    expect(it.locator("[data-format=srt]")).to_be_in_viewport()


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_nobody_is_left_out(open_page: OpenPage, axe: Axe, dark: bool, page_watch: Watch) -> None:
    page = open_page(dark=dark)
    # The policy stops a style of axe's own.
    with page_watch.expect_errors("status of 400", "Applying inline style"):
        assert axe(page) == []

        expect(choose(page, png(), "holiday.png").locator(".status")).to_contain_text("No speech")
        it = fox(page)
        expect(it.locator(".clock")).to_have_text(re.compile(r"/ 0:0[1-9]"))
        it.get_by_role("button", name="Uncertain words").click()
        it.get_by_role("searchbox").fill("fox")
        assert axe(page) == []

        it.get_by_role("button", name="Correct").click()
        it.locator(".save summary").click()
        page.locator("#about summary").click()
        assert axe(page) == []


def test_everything_can_be_done_with_the_keyboard(page: Page) -> None:
    page.keyboard.press("Tab")
    expect(page.get_by_label("Language of this page")).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.locator("#pick")).to_be_focused()
    it = fox(page)
    it.get_by_role("heading").focus()
    page.keyboard.press("Alt+e")
    expect(it.locator(".said").first).to_have_attribute("contenteditable", "true")

    it.locator(".save summary").focus()
    page.keyboard.press("Enter")
    expect(it.locator("[data-format=txt]")).to_be_visible()
    page.keyboard.press("Escape")
    expect(it.locator("[data-format=txt]")).to_be_hidden()
    expect(it.locator(".save summary")).to_be_focused()


def test_the_page_is_small(page: Page, server: Server) -> None:
    page.wait_for_load_state("networkidle")
    fox(page)
    sizes: dict[str, int] = page.evaluate("""Object.fromEntries(performance.getEntries()
        .filter(({ entryType }) => ["navigation", "resource"].includes(entryType))
        .map(({ name, encodedBodySize }) => [new URL(name).pathname, encodedBodySize]))""")

    assert "/assets/page.js" in sizes
    ours = {path: size for path, size in sizes.items() if "/vendor/" not in path and not path.startswith("/api/")}
    assert sum(ours.values()) < 100_000, ours


# ---- helpers -----------------------------------------------------------------------------------------------------

LEAVES = "() => dispatchEvent(new Event('beforeunload', { cancelable: true }))"
"""Whether the page lets its reader go without a question."""


def silence() -> bytes:
    with io.BytesIO() as buffer:
        with wave.open(buffer, "wb") as sound:
            sound.setparams((1, 2, 16_000, 0, "NONE", ""))
            sound.writeframes(bytes(64_000))
        return buffer.getvalue()


def answering(status: int, sentence: str, headers: dict[str, str] | None = None) -> Callable[[Route], None]:
    return lambda route: route.fulfill(status=status, json={"detail": sentence}, headers=headers or {})


def with_text(page: Page, words: list[tuple[str, float]]) -> Locator:
    """The card of a task of which the server says that these words were heard in it."""
    said = [
        {"word": word, "start": index, "end": index + 1, "probability": probability}
        for index, (word, probability) in enumerate(words)
    ]
    text = "".join(word for word, _ in words)
    segment = {"start": 0, "end": len(words), "text": text, "words": said}

    def edited(route: Route) -> None:
        answer = route.fetch()
        route.fulfill(response=answer, json={**answer.json(), "segments": [segment], "transcript": text})

    choose(page, silence())
    finished(card(page, "talk.wav"))
    page.route("**/api/v1/status*", edited)
    page.reload()
    expect(page.locator(".word").first).to_be_visible()
    return card(page, "talk.wav")
