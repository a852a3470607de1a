"""The page in a real browser, from a real server.

Playwright's loop runs in the thread of the tests, where no second one can run. So it ends with this package's tests,
before those elsewhere start loops of their own; and no test in here can be ``async``.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import NoReturn, Protocol, Unpack

import pytest
from playwright.sync_api import Browser, Page, Playwright, expect, sync_playwright

from tests.e2e.server import Server

from . import browser as browsers
from .browser import DESKTOP, Look, Screen, Watch
from .gate import Gate

_PATIENCE_MS = 60_000

Axe = Callable[[Page], list[str]]


class OpenPage(Protocol):
    """Opens a page in a browser of its own; it is watched, and closed when the test has ended."""

    def __call__(
        self,
        screen: Screen = DESKTOP,
        *,
        microphone: Path | None = None,
        path: str | None = "/",
        **look: Unpack[Look],
    ) -> Page:
        """With a wav for a ``microphone`` the page may use it. Without a ``path`` nothing is loaded yet."""


def _is_missing(what: str) -> NoReturn:
    """CI has everything."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"{what} is not installed")
    pytest.skip(f"{what} is not installed")


@pytest.fixture(scope="package")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    server = Server(tmp_path_factory.mktemp("web"), {"MAX_MODEL": "starter"})
    yield server.wait_until_ready()
    server.clean_up()


@pytest.fixture(scope="package")
def playwright() -> Iterator[Playwright]:
    if browsers.CHROMIUM is None:
        _is_missing("Chromium")
    expect.set_options(timeout=_PATIENCE_MS)
    with sync_playwright() as playwright:
        yield playwright


@pytest.fixture(scope="package")
def browser(playwright: Playwright) -> Iterator[Browser]:
    with browsers.launch(playwright) as browser:
        yield browser


@pytest.fixture
def page_watch(server: Server) -> Iterator[Watch]:
    """Fails the test at its end if something went wrong in a page that it did not announce."""
    watch = Watch(server.url)
    yield watch
    watch.check()


@pytest.fixture
def gate(server: Server, page_watch: Watch) -> Iterator[Gate]:
    """A network to the server that can be cut: ``open_page(path=gate.url)`` comes through it."""
    with Gate(server.url) as gate:
        page_watch.origins.add(gate.url)
        yield gate


@pytest.fixture
def open_page(playwright: Playwright, browser: Browser, server: Server, page_watch: Watch) -> Iterator[OpenPage]:
    with ExitStack() as stack:

        def open_page(
            screen: Screen = DESKTOP,
            *,
            microphone: Path | None = None,
            path: str | None = "/",
            **look: Unpack[Look],
        ) -> Page:
            chosen = browser
            if microphone is not None:
                chosen = stack.enter_context(browsers.launch(playwright, microphone=microphone))
            context = stack.enter_context(browsers.new_context(chosen, server.url, screen, **look))
            page_watch.follow(context)
            page = context.new_page()
            if path is not None:
                page.goto(path)
            return page

        yield open_page
        page_watch.catch_up()


@pytest.fixture
def page(open_page: OpenPage) -> Page:
    """The page as somebody sees it who comes for the first time, on a large screen."""
    return open_page()


@pytest.fixture(scope="session")
def axe() -> Axe:
    """Answers what is wrong with a page's accessibility: ``assert axe(page) == []``."""
    if not browsers.AXE.is_file():
        _is_missing("axe-core")
    return browsers.axe
