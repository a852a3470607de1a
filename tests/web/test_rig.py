"""What watches the page in other tests does see what it looks for."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from tests.e2e.recordings import hello, talk
from tests.e2e.server import Server, eventually

from .browser import PHONE, Watch
from .conftest import Axe, OpenPage
from .gate import Gate

ORIGIN = "http://127.0.0.1:9"
GOOD = '<!doctype html><html lang="en"><title>Good</title><main><h1>A page</h1><img src="/dot.svg" alt="A dot"></main>'
DOT = '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><circle cx="4" cy="4" r="4"/></svg>'


@pytest.fixture
def watch() -> Watch:
    return Watch(ORIGIN)


@pytest.fixture
def good_page(browser: Browser, watch: Watch) -> Iterator[Page]:
    """A page that nothing is wrong with, yet."""
    with browser.new_context() as context:
        watch.follow(context)
        context.route(
            f"{ORIGIN}/", lambda route: route.fulfill(
                body=GOOD, content_type="text/html", headers={"Content-Security-Policy": "default-src 'self'"}
            ),
        )  # fmt: skip
        context.route(f"{ORIGIN}/dot.svg", lambda route: route.fulfill(body=DOT, content_type="image/svg+xml"))
        context.route(f"{ORIGIN}/missing", lambda route: route.fulfill(status=404))
        page = context.new_page()
        page.goto(f"{ORIGIN}/")
        yield page


def test_a_good_page_is_not_complained_about(good_page: Page, watch: Watch, axe: Axe) -> None:
    good_page.evaluate("console.log('All is well.')")
    good_page.evaluate(
        "const c = new AbortController(), f = fetch('/', {signal: c.signal}); c.abort(); f.catch(() => 0)"
    )
    watch.catch_up()

    watch.check()
    assert axe(good_page) == []


@pytest.mark.parametrize(
    ("code", "trouble"),
    [
        ("console.error('Oh no')", r"^console error: Oh no"),
        ("console.warn('Oh my')", r"^console warning: Oh my"),
        ("setTimeout(() => { throw new Error('Oh dear') })", r"^exception: Error: Oh dear"),
        ("void Promise.reject(new Error('Oh well'))", r"^exception: Error: Oh well"),
        ("fetch('/missing')", r"^console error: .* 404 .*/missing"),
        ("fetch('/refused').catch(() => 0)", rf"^request failed: GET {ORIGIN}/refused: net::ERR_"),
        ("document.body.setAttribute('style', 'color: red')", r"^console error: .*Content Security Policy"),
        ("open('http://elsewhere.example/')", r"^request to another origin: http://elsewhere.example/"),
        ("fetch('http://elsewhere.example/').catch(() => 0)", r"^console error: .*Content Security Policy"),
    ],
)
def test_what_goes_wrong_in_a_page_fails_the_test(good_page: Page, watch: Watch, code: str, trouble: str) -> None:
    good_page.evaluate(code)
    good_page.wait_for_timeout(50)

    assert any(re.search(trouble, each) for each in watch.troubles), watch.troubles
    with pytest.raises(AssertionError, match="in the browser"):
        watch.check()


def test_errors_that_were_announced_are_none(good_page: Page, watch: Watch) -> None:
    with watch.expect_errors("status of 404", "Never said"):
        good_page.evaluate("fetch('/missing').then((answer) => answer.text())")
        good_page.evaluate("console.error('Something else')")
    good_page.evaluate("fetch('/missing').then((answer) => answer.text())")
    watch.catch_up()

    announced, afterwards = watch.troubles
    assert "Something else" in announced
    assert "404" in afterwards


def test_what_some_people_cannot_use_is_found(good_page: Page, axe: Axe) -> None:
    good_page.evaluate("document.querySelector('img').removeAttribute('alt')")
    good_page.evaluate("document.querySelector('main').append(document.createElement('button'))")

    image, button = sorted(axe(good_page), reverse=True)

    assert image.startswith("image-alt: ")
    assert "<img" in image
    assert button.startswith("button-name: ")


def test_a_page_looks_as_the_one_wants_it_who_opens_it(open_page: OpenPage) -> None:
    page = open_page(PHONE, dark=True, locale="de-DE", reduced_motion=True)

    assert page.evaluate(
        """[
            innerWidth, navigator.language, navigator.maxTouchPoints > 0,
            matchMedia("(prefers-color-scheme: dark)").matches, matchMedia("(prefers-reduced-motion: reduce)").matches,
        ]"""
    ) == [390, "de-DE", True, True, True]


def test_a_microphone_hears_a_recording(open_page: OpenPage, tmp_path: Path) -> None:
    wav = tmp_path / "hello.wav"
    wav.write_bytes(hello())
    page = open_page(microphone=wav)

    assert page.evaluate(
        """async () => {
            const context = new AudioContext();
            const analyser = context.createAnalyser();
            const stream = await navigator.mediaDevices.getUserMedia({ audio: true });
            context.createMediaStreamSource(stream).connect(analyser);
            await context.resume();
            const samples = new Float32Array(analyser.fftSize);
            for (;;) {
                analyser.getFloatTimeDomainData(samples);
                if (samples.some((sample) => Math.abs(sample) > 0.02)) return true;
                await new Promise((resolve) => setTimeout(resolve, 20));
            }
        }"""
    )


def test_the_page_opens_without_complaints(page: Page, axe: Axe) -> None:
    assert page.title()
    assert isinstance(axe(page), list)  # its policy does not stop axe-core


def test_a_gate_cuts_a_stream_and_lets_new_ones_through_later(
    open_page: OpenPage, gate: Gate, server: Server, page_watch: Watch
) -> None:
    task_id = server.submit(talk(600))
    page = open_page(path=gate.url)
    page.evaluate(
        """(id) => new Promise((resolve) => {
            globalThis.source = new EventSource(`/api/v1/events?task_id=${id}`);
            source.onopen = resolve;
        })""",
        task_id,
    )
    with page_watch.expect_errors(r"ERR_(CONNECTION|INCOMPLETE|EMPTY)"):
        gate.shut()
        eventually(lambda: page.evaluate("source.readyState !== EventSource.OPEN"), within=5)
        gate.open()
        eventually(lambda: page.evaluate("source.readyState === EventSource.OPEN"), within=20)
    page.evaluate("source.close()")
    server.cancel(task_id)
