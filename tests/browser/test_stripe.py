"""Paying on another site's page in a real browser: there by the order button, and back."""

import re
import threading
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page, expect
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from checkout import tariff
from checkout.models import Order, OrderState
from tests.browser.conftest import PHONE, SLOW_MACHINE_MS
from tests.browser.test_purchase import give_address
from tests.catalog.pieces import a_listed_piece
from tests.fakes.stripe.server import FakeStripeServer

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def pretended() -> Iterator[FakeStripeServer]:
    server = FakeStripeServer()
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def page(transactional_db: None, browser: Browser, pretended: FakeStripeServer, settings: Settings) -> Iterator[Page]:
    """The shop with a key, served with the content policy that follows from it, on a phone without scripts."""
    settings.STRIPE_SECRET_KEY = "sk_test_fake"
    settings.STRIPE_API_BASE = settings.PAYMENT_PAGES = pretended.url
    tariff.load_example()
    server = LiveServer("127.0.0.1")
    settings.BASE_URL = server.url
    context = browser.new_context(viewport=PHONE, base_url=server.url, java_script_enabled=False)
    context.set_default_timeout(SLOW_MACHINE_MS)
    yield context.new_page()
    context.close()
    server.stop()


def order(page: Page) -> None:
    """From the piece to the button that orders."""
    piece = a_listed_piece()
    page.goto(piece.get_absolute_url())
    page.locator("form[action*=reserve] button").first.click()
    page.goto("/checkout/address/")
    page.locator("select[name=country]").last.select_option("DE")
    give_address(page)
    page.locator("form:has([name=payment_method]) button").last.click()
    page.locator("form:has([name=fingerprint]) button").last.click()


@pytest.mark.parametrize(
    "pay",
    [
        lambda page: page.get_by_role("button", name="Pay by card").click(),
        lambda page: page.get_by_role("button", name="Pay with PayPal").click(),
    ],
    ids=["card", "paypal"],
)
def test_to_the_payment_page_and_back_without_scripts(
    page: Page, pretended: FakeStripeServer, pay: Callable[[Page], None]
) -> None:
    order(page)
    expect(page).to_have_url(re.compile(re.escape(pretended.url)))
    pay(page)
    page.wait_for_url(re.compile("/orders/"))
    expect(page.locator("main")).to_contain_text("Paid. Thank you!")
    assert Order.objects.get().state == OrderState.PAID


def test_declined_then_confirmed_at_the_bank(page: Page) -> None:
    order(page)
    page.get_by_role("button", name="Pay by a card that is declined").click()
    expect(page.get_by_role("alert")).to_contain_text("declined")
    page.get_by_role("button", name="Pay by a card that asks for 3-D Secure").click()
    page.get_by_role("button", name="Yes, confirm").click()
    page.wait_for_url(re.compile("/orders/"))
    assert Order.objects.get().state == OrderState.PAID


def test_walking_away_leads_back_to_paying(page: Page) -> None:
    order(page)
    page.get_by_role("link", name="Back to the shop without paying").click()
    page.wait_for_url(re.compile("/checkout/pay/"))
    assert Order.objects.get().state == OrderState.AWAITING_PAYMENT
