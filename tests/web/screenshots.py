"""Pictures of the page in all its states, for people to look at: light and dark, on a desk and in a hand.

``make screenshots`` writes them to ``out/screenshots``; names of states choose some of them.
"""

import re
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from playwright.sync_api import Browser, Error, Locator, Page, Response, expect, sync_playwright

from tests.e2e.recordings import hello, png, talk
from tests.e2e.server import Server

from .browser import CHROMIUM, DESKTOP, PHONE, choose, launch, new_context
from .gate import Gate

FOLDER = Path(__file__).parents[2] / "out" / "screenshots"
SCREENS = {"desktop": DESKTOP, "phone": PHONE}
SCHEMES: Final[tuple[Literal["light", "dark"], ...]] = ("light", "dark")
NAME = "interview.wav"
PATIENCE_MS = 60_000
HEIGHT = "Math.max(document.documentElement.scrollHeight, innerHeight)"
SLOW_UPLOAD_BYTES = 500_000  # a second

# ---- the states: each brings a page into one, which comes from the server by way of the gate -----------------------


def card(page: Page, state: str) -> Locator:
    """The recording that is in this state, waited for."""
    found = page.locator(f".card[data-state={state}]")
    expect(found).to_be_visible()
    return found


def empty(page: Page, gate: Gate) -> None:
    expect(page.locator("#server")).to_contain_text("base")


def uploading(page: Page, gate: Gate) -> None:
    page.context.new_cdp_session(page).send(
        "Network.emulateNetworkConditions",
        {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": SLOW_UPLOAD_BYTES},
    )
    choose(page, talk(300), NAME)
    expect(card(page, "uploading").locator(".amount")).to_contain_text(re.compile(r"^[1-9]\d"))


def queued(page: Page, gate: Gate) -> None:
    processing(page, gate)
    choose(page, hello(), "greeting.wav")
    card(page, "queued")


def processing(page: Page, gate: Gate) -> None:
    choose(page, talk(600), NAME)
    expect(card(page, "processing").locator(".lines")).to_contain_text("fox")


def finished(page: Page, gate: Gate) -> None:
    choose(page, talk(60), NAME)
    expect(card(page, "finished").locator(".player")).to_be_visible()


def correcting(page: Page, gate: Gate) -> None:
    finished(page, gate)
    it = card(page, "finished")
    it.get_by_role("searchbox").fill("fox")
    it.locator(".edit").click()
    it.locator(".said").nth(1).click()
    it.locator(".save summary").click()


def failed(page: Page, gate: Gate) -> None:
    choose(page, png(), "holiday.png")
    card(page, "refused")


def away(page: Page, gate: Gate) -> None:
    processing(page, gate)
    gate.shut()
    expect(card(page, "processing").locator(".status")).to_contain_text("does not answer")


def recording(page: Page, gate: Gate) -> None:
    page.locator("#record").click()
    expect(page.locator("#recorder .time")).to_have_text("0:02")


@dataclass(frozen=True)
class State:
    reach: Callable[[Page, Gate], None]
    locale: str = "en-US"
    microphone: bool = False


STATES = {
    "empty": State(empty),
    "uploading": State(uploading),
    "queued": State(queued),
    "processing": State(processing),
    "finished": State(finished),
    "correcting": State(correcting),
    "failed": State(failed),
    "away": State(away),
    "recording": State(recording, microphone=True),
    "german": State(finished, locale="de-DE"),
}


# ---- taking them -----------------------------------------------------------------------------------------------


def take(browser: Browser, server: Server, gate: Gate, name: str, on: str) -> bool:
    """Write a state's pictures on a screen; answers whether it was reached. If not, they show how far it came."""
    state = STATES[name]
    uploads: list[Response] = []
    with new_context(browser, gate.url, SCREENS[on], locale=state.locale, reduced_motion=True) as context:
        context.set_default_timeout(PATIENCE_MS)
        context.on("response", lambda answer: uploads.append(answer) if answer.request.method == "POST" else None)
        page = context.new_page()
        page.goto("/")
        try:
            state.reach(page, gate)
            reached = True
        except (AssertionError, Error) as error:
            reached = False
            sys.stderr.write(f"{name}, {on}: {error}\n\n")
        # A picture of the full page would lack the lines that a browser does not draw before they are scrolled to.
        page.set_viewport_size({"width": SCREENS[on].width, "height": page.evaluate(HEIGHT)})
        for scheme in SCHEMES:
            page.emulate_media(color_scheme=scheme)
            page.screenshot(path=FOLDER / f"{name}-{on}-{scheme}.png", animations="disabled")
        gate.open()
        # The next state begins with an idle server.
        for upload in uploads:
            if upload.ok:
                server.client.delete("/api/v1/task", params={"task_id": upload.json()["task_id"]})
    return reached


def main(*names: str) -> int:
    if CHROMIUM is None:
        sys.exit("Chromium is missing: apt-get install chromium")
    expect.set_options(timeout=PATIENCE_MS)
    FOLDER.mkdir(parents=True, exist_ok=True)
    missed = 0
    with tempfile.TemporaryDirectory() as directory, sync_playwright() as playwright:
        wav = Path(directory) / "talk.wav"
        wav.write_bytes(talk(30))
        # One recording at a time: the second one waits in the queue.
        server = Server(Path(directory) / "server", {"MAX_MODEL": "starter", "RECORDINGS_AT_ONCE": "1"})
        try:
            server.wait_until_ready()
            with (
                Gate(server.url) as gate,
                launch(playwright) as browser,
                launch(playwright, microphone=wav) as with_microphone,
            ):
                for name in names or STATES:
                    for on in SCREENS:
                        chosen = with_microphone if STATES[name].microphone else browser
                        missed += not take(chosen, server, gate, name, on)
        finally:
            server.clean_up()
    sys.stdout.write(f"The pictures are in {FOLDER}.\n")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
