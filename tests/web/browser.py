"""A real browser, and somebody who watches what goes wrong in it."""

import atexit
import hashlib
import os
import re
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TypedDict, Unpack

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Playwright, Request

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
"""The system's own; Playwright would download one."""

AXE = Path(__file__).parent / "node_modules" / "axe-core" / "axe.min.js"

_STANDARDS = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")
_RUN_AXE = """async (standards) => {
    const { violations } = await axe.run({ runOnly: standards, resultTypes: ["violations"] });
    return violations.flatMap(({ id, help, nodes }) => nodes.map(
        ({ target, html, failureSummary }) => `${id}: ${help}: ${target.join(" ")}: ${html}\\n    ${failureSummary}`,
    ));
}"""


@dataclass(frozen=True)
class Screen:
    """A screen of so many CSS pixels, under a mouse or under fingers."""

    width: int
    height: int
    touch: bool = False


DESKTOP = Screen(1280, 900)
PHONE = Screen(390, 844, touch=True)


class Look(TypedDict, total=False):
    """What somebody's browser says about them; nothing says: light, en-US, motion is welcome, no permissions."""

    dark: bool
    locale: str
    reduced_motion: bool
    permissions: Sequence[str]


def launch(playwright: Playwright, *, microphone: Path | None = None) -> Browser:
    """Chromium, for which there is no machine but this one. It has a microphone if there is a wav for it to hear."""
    arguments = ["--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"]
    if microphone is not None:
        arguments += [
            "--use-fake-device-for-media-stream",
            "--use-fake-ui-for-media-stream",  # a yes to whether the page may use it
            f"--use-file-for-fake-audio-capture={microphone}",
        ]
    return playwright.chromium.launch(
        executable_path=CHROMIUM,
        args=arguments,
        chromium_sandbox=os.geteuid() != 0,  # root has none
    )


def new_context(browser: Browser, url: str, screen: Screen = DESKTOP, **look: Unpack[Look]) -> BrowserContext:
    """Somebody's browser, in which nothing was looked at yet."""
    return browser.new_context(
        base_url=url,
        viewport={"width": screen.width, "height": screen.height},
        has_touch=screen.touch,
        is_mobile=screen.touch,
        color_scheme="dark" if look.get("dark") else "light",
        reduced_motion="reduce" if look.get("reduced_motion") else "no-preference",
        locale=look.get("locale", "en-US"),
        timezone_id="Europe/Berlin",
        permissions=list(look.get("permissions", ())),
    )


def choose(page: Page, content: bytes, name: str) -> None:
    """Pick a file. Playwright takes 10 s to carry 20 MB into a page, and no time for a path."""
    folder = _files() / hashlib.sha256(content).hexdigest()[:16]
    folder.mkdir(exist_ok=True)
    if not (folder / name).is_file():
        (folder / name).write_bytes(content)
    page.locator("#pick").set_input_files(folder / name)


@cache
def _files() -> Path:
    """Where files to choose lie. A page reads them whenever it likes, so they stay until the process ends."""
    folder = Path(tempfile.mkdtemp())
    atexit.register(shutil.rmtree, folder)
    return folder


def axe(page: Page) -> list[str]:
    """What axe-core has against the page as it is, by WCAG 2.2 AA and good practice: one item for each element."""
    page.evaluate(AXE.read_text("utf-8"))
    found: list[str] = page.evaluate(_RUN_AXE, list(_STANDARDS))
    return found


class Watch:
    """Notes what should not happen in a page that comes from one of these origins.

    That is: errors and warnings on the console (what the content security policy stops is one, and so is a response
    with an error's status), exceptions that nobody caught, requests to another origin, and requests that failed. A
    request that was broken off, by the page itself or since it was left, is none.
    """

    def __init__(self, *origins: str) -> None:
        self.origins = set(origins)
        self.troubles: list[str] = []
        self._contexts: list[BrowserContext] = []
        self._expected: list[re.Pattern[str]] = []

    def follow(self, context: BrowserContext) -> None:
        self._contexts.append(context)
        context.on("console", self._on_console)
        context.on("weberror", lambda error: self._note(f"exception: {error.error.stack or error.error}"))
        context.on("request", self._on_request)
        context.on("requestfailed", self._on_failure)

    @contextmanager
    def expect_errors(self, *patterns: str) -> Iterator[None]:
        """Troubles in which one of these regular expressions is found are none, in here."""
        self.catch_up()
        self._expected = [re.compile(pattern) for pattern in patterns]
        yield
        self.catch_up()
        self._expected = []

    def catch_up(self) -> None:
        """Hear what the pages have to say by now: a page's answer comes behind everything that happened before it."""
        for context in self._contexts:
            for page in context.pages:
                page.evaluate("0")

    def check(self) -> None:
        """Fail if something happened that should not."""
        assert not self.troubles, "in the browser:\n" + "\n".join(self.troubles)

    def _note(self, trouble: str) -> None:
        if not any(pattern.search(trouble) for pattern in self._expected):
            self.troubles.append(trouble)

    def _on_console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning", "assert"):
            where = message.location
            self._note(f"console {message.type}: {message.text} ({where['url']}:{where['lineNumber']})")

    def _on_request(self, request: Request) -> None:
        if not request.url.startswith((*(f"{origin}/" for origin in self.origins), "data:", "blob:", "about:")):
            self._note(f"request to another origin: {request.url}")

    def _on_failure(self, request: Request) -> None:
        if request.failure != "net::ERR_ABORTED":
            self._note(f"request failed: {request.method} {request.url}: {request.failure}")
