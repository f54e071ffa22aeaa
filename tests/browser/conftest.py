"""A real Chromium, at a phone's width, against a shop served on this machine."""

import os
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from checkout import tariff
from tests.checkout.rates import load_newest

PHONE = {"width": 360, "height": 780}
SLOW_MACHINE_MS = 30_000


@pytest.fixture(scope="session")
def browser(chromium: str) -> Iterator[Browser]:
    # Playwright keeps an event loop in this thread, which makes Django think that it is called from one.
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(os.environ, "DJANGO_ALLOW_ASYNC_UNSAFE", "1")
        with sync_playwright() as playwright:
            # No sandbox: containers run the tests as root, where Chromium has none.
            started = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
            yield started
            started.close()


@pytest.fixture
def visit(browser: Browser, live_server: object) -> Iterator[Callable[[], Page]]:
    """Opens the shop as somebody new, on a phone; fails when a page's script does."""
    opened: list[BrowserContext] = []
    errors: list[str] = []

    def new_visitor() -> Page:
        context = browser.new_context(viewport=PHONE, base_url=live_server.url)  # type: ignore[attr-defined, arg-type]
        context.set_default_timeout(SLOW_MACHINE_MS)
        opened.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("console", lambda line: errors.append(line.text) if "Content Security" in line.text else None)
        return page

    yield new_visitor
    for context in opened:
        context.close()
    assert not errors


@pytest.fixture
def shop(transactional_db: None) -> None:
    """A shop with the example tariff and today's newest rates."""
    tariff.load_example()
    load_newest()
