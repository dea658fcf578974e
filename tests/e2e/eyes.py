"""What a person would see and hear of the page, for tests to assert."""

import re

from playwright.sync_api import ConsoleMessage, Locator, Page, Request, Response, expect

# The page asks who it is before anybody has logged in.
BEFORE_LOGIN = r"401 GET /api/me/"
# Chromium says it again of every answer that `Complaints` has written down with its address.
SAID_TWICE = re.compile(r"^Failed to load resource")


class Complaints:
    """Errors in the console, failed requests and answers of 400 and above, of every page it listens to."""

    def __init__(self) -> None:
        self.heard: list[str] = []
        self._expected = [BEFORE_LOGIN]
        self._is_listening = True

    def expect(self, pattern: str) -> None:
        self._expected.append(pattern)

    def unexpected(self) -> list[str]:
        return [line for line in self.heard if not any(re.search(pattern, line) for pattern in self._expected)]

    def listen_no_more(self) -> None:
        self._is_listening = False

    def _hear(self, line: str) -> None:
        if self._is_listening:
            self.heard.append(line)

    def listen_to(self, page: Page) -> None:
        page.on("pageerror", lambda error: self._hear(f"exception: {error}"))
        page.on("console", self._on_console)
        page.on("response", self._on_response)
        page.on("requestfailed", self._on_failure)

    def _on_console(self, line: ConsoleMessage) -> None:
        if line.type == "error" and not SAID_TWICE.search(line.text):
            self._hear(f"console: {line.text}")

    def _on_response(self, answer: Response) -> None:
        if answer.status >= 400:
            self._hear(f"{answer.status} {answer.request.method} {_path(answer.url)}")

    def _on_failure(self, request: Request) -> None:
        # A player stops reading when it has enough, and the browser calls that a failure.
        if not (request.resource_type == "media" and request.failure == "net::ERR_ABORTED"):
            self._hear(f"{request.failure} {request.method} {_path(request.url)}")


def _path(url: str) -> str:
    return re.sub(r"^https?://[^/]+", "", url)


def row(page: Page, name: str) -> Locator:
    """A conversation's line in the list."""
    return page.get_by_role("navigation", name=re.compile("Conversas|Conversations")).get_by_role("link", name=name)


def enter(page: Page, name: str) -> Locator:
    """Open that conversation; returns its log of messages."""
    row(page, name).click()
    log = page.get_by_role("log", name=re.compile(re.escape(name)))
    expect(log).to_be_visible()
    return log


def bubbles(log: Locator) -> Locator:
    return log.get_by_role("article")


def sharp(bubble: Locator) -> Locator:
    """The real picture of a bubble, once it has been painted."""
    return bubble.locator("img[data-sight=loaded]")


def expect_sharp(bubble: Locator) -> None:
    expect(sharp(bubble)).to_be_visible()
    assert natural_width(sharp(bubble)) > 0


def natural_width(image: Locator) -> int:
    width: int = image.evaluate("async (image) => { await image.decode(); return image.naturalWidth }")
    return width


# Kept in the page itself: no size that a bubble ever had is missed between two looks.
KEEP_SIZES = """
window.sizesOf = {};
const watcher = new ResizeObserver((seen) => {
  for (const { target } of seen) {
    const { width, height } = target.getBoundingClientRect();
    const key = target.dataset.messageId;
    (window.sizesOf[key] ??= []).push(`${Math.round(width)}x${Math.round(height)}`);
  }
});
new MutationObserver(() => {
  for (const bubble of document.querySelectorAll("[data-message-id]")) watcher.observe(bubble);
}).observe(document, { childList: true, subtree: true });
"""


def keep_sizes(page: Page) -> None:
    page.evaluate(KEEP_SIZES)


def sizes_of(bubble: Locator) -> set[str]:
    """Every size this bubble has had since `keep_sizes`."""
    found = bubble.evaluate("(bubble) => window.sizesOf[bubble.dataset.messageId]")
    return set(found)
