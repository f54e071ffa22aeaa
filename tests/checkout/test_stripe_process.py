"""A purchase over HTTP from end to end: the shop, its gateway as it is, and the stand-in as a process of its own."""

import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from django.conf import settings as shop_settings
from django.db import connection
from pytest_django import Settings

from checkout import tariff
from checkout.gateways.stripe import connection as stripe_connection
from checkout.models import Order, OrderState, Payment, PaymentState, ProviderEvent
from tests.catalog.pieces import a_listed_piece
from tests.checkout.storefront import GERMAN_ADDRESS

pytestmark = pytest.mark.django_db(transaction=True)
RunTasks = Callable[[], int]


@dataclass
class PretendStripe:
    """The running process and how to ask it for things no buyer does."""

    url: str
    process: subprocess.Popen[str]

    def control(self, name: str, **arguments: Any) -> Any:
        return httpx.post(f"{self.url}/_fake/{name}", json=arguments, timeout=10).raise_for_status().json()


def start_pretending(webhook: str, state: Path, *more: str) -> PretendStripe:
    command = [sys.executable, "-m", "tests.fakes.stripe", "--port", "0", "--webhook", webhook, "--state", str(state)]
    process = subprocess.Popen([*command, *more], stdout=subprocess.PIPE, text=True, cwd=shop_settings.BASE_DIR)
    assert process.stdout is not None
    found = re.search(r"http://127\.0\.0\.1:\d+", process.stdout.readline())
    assert found is not None
    return PretendStripe(found[0], process)


def stop(pretended: PretendStripe) -> None:
    pretended.process.kill()
    pretended.process.wait(timeout=10)
    assert pretended.process.stdout is not None
    pretended.process.stdout.close()


@pytest.fixture
def pretended(live_server: Any, settings: Settings, tmp_path: Path) -> Iterator[PretendStripe]:
    found = start_pretending(f"{live_server.url}/stripe/webhook/", tmp_path / "stripe.json")
    settings.BASE_URL = live_server.url
    settings.STRIPE_SECRET_KEY = "sk_test_fake"
    settings.STRIPE_WEBHOOK_SECRET = "whsec_fake"
    settings.STRIPE_API_BASE = found.url
    tariff.load_example()
    forget_jobs()
    yield found
    stop(found)
    forget_jobs()


def forget_jobs() -> None:
    """The queue's tables are not emptied with the shop's own."""
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM procrastinate_jobs")


@pytest.fixture
def browser(live_server: Any, pretended: PretendStripe) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=live_server.url, timeout=30) as client:
        yield client


def go_to_the_payment_page(browser: httpx.Client) -> str:
    """Everything up to the page where one pays; its address."""
    piece = a_listed_piece()
    browser.post("/basket/reserve/", data={"sku": piece.sku})
    browser.post("/checkout/address/", data=GERMAN_ADDRESS)
    browser.post("/checkout/method/", data={"shipping_method": "post_tracked", "payment_method": "stripe"})
    page = browser.get("/checkout/review/").text
    shown = dict(re.findall(r'<input type="hidden" name="(token|total|currency|fingerprint)" value="([^"]*)"', page))
    answer = browser.post("/checkout/review/", data=shown)
    assert answer.status_code == 302, answer.text
    return answer.headers["Location"]


def press(browser: httpx.Client, page: str, method: str) -> httpx.Response:
    return browser.post(page, data={"method": method})


def events_of(kind: str) -> Any:
    return ProviderEvent.objects.filter(kind=kind)


def wait_for(condition: Callable[[], bool]) -> None:
    for _ in range(200):
        if condition():
            return
        time.sleep(0.05)
    pytest.fail("it did not happen within ten seconds")


def test_the_buyer_comes_back_before_the_webhook(browser: httpx.Client, run_tasks: RunTasks) -> None:
    page = go_to_the_payment_page(browser)
    text = browser.get(page).text
    assert "no money moves" in text
    assert "Pay with PayPal" in text
    back = press(browser, page, "card")
    assert back.status_code == 303
    assert "Paid. Thank you!" in browser.get(back.headers["Location"], follow_redirects=True).text
    wait_for(events_of("payment_intent.succeeded").exists)
    run_tasks()
    assert Order.objects.get().state == OrderState.PAID
    assert Payment.objects.get().fee_minor is not None
    assert not events_of("checkout.session.completed").filter(processed_at=None).exists()


def test_the_webhook_comes_before_the_buyer(browser: httpx.Client, run_tasks: RunTasks) -> None:
    page = go_to_the_payment_page(browser)
    back = press(browser, page, "card")
    wait_for(events_of("checkout.session.completed").exists)
    run_tasks()
    assert Order.objects.get().state == OrderState.PAID
    assert "Paid. Thank you!" in browser.get(back.headers["Location"], follow_redirects=True).text
    assert Payment.objects.count() == 1


def test_declined_then_asked_for_3d_secure_then_paid(browser: httpx.Client) -> None:
    page = go_to_the_payment_page(browser)
    assert "declined" in press(browser, page, "declined").text
    assert "is this you?" in press(browser, page, "challenge").text
    assert "declined" in press(browser, page, "refuse").text
    press(browser, page, "challenge")
    back = press(browser, page, "confirm")
    assert "Paid. Thank you!" in browser.get(back.headers["Location"], follow_redirects=True).text


def test_walking_away_leaves_the_order_to_be_paid(browser: httpx.Client) -> None:
    page = go_to_the_payment_page(browser)
    found = re.search(r'href="([^"]+)">Back to the shop', browser.get(page).text)
    assert found is not None
    answer = browser.get(found[1], follow_redirects=True)
    assert "Pay now" in answer.text
    assert Payment.objects.get().state == PaymentState.ACTION_REQUIRED


def test_a_lost_answer_while_capturing_is_being_confirmed_and_then_paid(
    browser: httpx.Client, pretended: PretendStripe
) -> None:
    page = go_to_the_payment_page(browser)
    back = press(browser, page, "card").headers["Location"]
    pretended.control("fail_next", fault="lost_reply", on="capture")
    answer = browser.get(back)
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "5"
    assert "Paid. Thank you!" in browser.get(back, follow_redirects=True).text
    assert [row["type"] for row in pretended.control("made", kind="balance_transaction")] == ["charge"]


def test_a_slow_answer_is_given_up_after_the_time_that_is_set(
    browser: httpx.Client, pretended: PretendStripe, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stripe_connection, "TIMEOUT_SECONDS", 1)
    stripe_connection._client.cache_clear()
    page = go_to_the_payment_page(browser)
    back = press(browser, page, "card").headers["Location"]
    pretended.control("fail_next", fault="slow", on="GET /v1/checkout", seconds=3.0)
    started = time.monotonic()
    assert browser.get(back).status_code == 503
    assert time.monotonic() - started < 3
    stripe_connection._client.cache_clear()


def test_what_the_provider_knows_outlives_its_process(
    browser: httpx.Client, pretended: PretendStripe, live_server: Any, tmp_path: Path, settings: Settings
) -> None:
    page = go_to_the_payment_page(browser)
    press(browser, page, "card")
    pretended.process.kill()
    pretended.process.wait(timeout=10)
    order = Order.objects.get()
    assert browser.get(f"/checkout/return/{order.token}/").status_code == 503
    again = start_pretending("", tmp_path / "stripe.json")
    try:
        settings.STRIPE_API_BASE = again.url
        answer = browser.get(f"/checkout/return/{order.token}/", follow_redirects=True)
        assert "Paid. Thank you!" in answer.text
    finally:
        stop(again)
