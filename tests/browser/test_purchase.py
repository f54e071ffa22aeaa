"""The whole purchase in a real browser, in both languages: from the first page to the paid order."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from catalog.models import Listing
from catalog.seeding import load_first_listing, load_vocabularies
from catalog.vocabularies import ListingState
from checkout import invariants
from checkout.models import Order, OrderState

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("shop"), pytest.mark.django_db(transaction=True)]
Visit = Callable[[], Page]


@pytest.fixture
def cranes(shop: None) -> Listing:
    """The first listing, with all that is known of it."""
    load_vocabularies()
    return load_first_listing()


def find_and_open(page: Page, language: str) -> None:
    """From the home page by search to the piece."""
    page.goto(language or "/")
    page.get_by_role("searchbox").first.fill("cranes flying")
    page.get_by_role("searchbox").first.press("Enter")
    page.locator(".card h3 a").first.click()
    expect(page).to_have_url(re.compile(r"/dvds/MOV-"))


def choose(page: Page, name: str, value: str) -> None:
    """Choose in one of the selects that send themselves, and wait for the page that comes back."""
    with page.expect_navigation():
        page.locator(f"select[name={name}]").first.select_option(value)


def give_address(page: Page) -> None:
    for field, text in {
        "email": "erika@example.com",
        "name": "Erika Mustermann",
        "line1": "Torstraße 1",
        "postcode": "10119",
        "city": "Berlin",
    }.items():
        page.locator(f"[name={field}]").fill(text)
    page.locator("form:has([name=email]) button").last.click()


def assert_fits(page: Page, address: str) -> None:
    """The page of this address is there, and nothing reaches over the edge of the phone."""
    page.wait_for_url(re.compile(address))
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


@pytest.mark.parametrize("language", ["", "/el"])
def test_a_guest_buys_the_only_copy_and_nobody_else_can(visit: Visit, cranes: Listing, language: str) -> None:
    buyer, rival = visit(), visit()
    find_and_open(buyer, language)
    choose(buyer, "currency", "USD")
    expect(buyer.locator(".price").first).to_contain_text("5.59" if not language else "5,59")

    buyer.locator("form:has(input[name=sku]) button").click()
    expect(buyer).to_have_url(re.compile(rf"{language}/basket/$"))
    expect(buyer.locator(".basket-list time[data-until]")).to_have_text(re.compile(r"^(29|30):\d\d$"))
    assert_fits(buyer, "/basket/$")

    find_and_open(rival, language)
    expect(rival.locator("form:has(input[name=sku]) button")).to_have_count(0)
    answer = rival.request.post("/basket/reserve/", form={"sku": cranes.sku})
    assert answer.status == 409

    choose(buyer, "country", "DE")
    buyer.locator(f"a[href='{language}/checkout/address/']").click()
    assert_fits(buyer, "/checkout/address/$")
    give_address(buyer)
    assert_fits(buyer, "/checkout/method/$")
    buyer.locator("form:has([name=shipping_method]) button").click()
    assert_fits(buyer, "/checkout/review/$")
    total = buyer.locator(".grand").last.inner_text()
    buyer.locator("form:has([name=fingerprint]) button").click()
    expect(buyer.locator(".demo-bank .price")).to_have_text(total)
    assert_fits(buyer, "/checkout/demo/")
    buyer.locator("button[value=approve]").click()

    expect(buyer).to_have_url(re.compile(rf"{language}/orders/[\w-]+/$"))
    expect(buyer.locator(".notice.good")).to_be_visible()
    assert_fits(buyer, "/orders/")
    order = Order.objects.get()
    cranes.refresh_from_db()
    assert (order.state, cranes.state) == (OrderState.PAID, ListingState.SOLD)
    assert (order.currency, order.language) == ("USD", "el" if language else "en")
    assert invariants.find_broken() == []

    rival.reload()
    expect(rival.locator("form:has(input[name=sku])")).to_have_count(0)
    expect(rival.locator("body")).not_to_contain_text("Mustermann")


def test_the_purchase_needs_no_mouse(visit: Visit, cranes: Listing) -> None:
    page = visit()
    page.goto(cranes.get_absolute_url())
    press(page, "form:has(input[name=sku]) button")
    expect(page).to_have_url(re.compile("/basket/$"))
    press(page, "a[href='/checkout/address/']")
    for text, field in {
        "erika@example.com": "email",
        "Ελένη Παπαδοπούλου": "name",
        "Πανεπιστημίου 10": "line1",
        "10671": "postcode",
        "Αθήνα": "city",
    }.items():
        tab_to(page, f"[name={field}]")
        page.keyboard.type(text)
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("/checkout/method/$"))
    press(page, "form:has([name=shipping_method]) button")
    press(page, "form:has([name=fingerprint]) button")
    press(page, "button[value=approve]")
    expect(page.locator(".notice.good")).to_be_visible()
    assert Order.objects.get().state == OrderState.PAID


def press(page: Page, selector: str) -> None:
    page.wait_for_selector(selector)
    tab_to(page, selector)
    page.keyboard.press("Enter")


def tab_to(page: Page, selector: str) -> None:
    """Move the focus forward by the Tab key alone until it is there."""
    for _ in range(80):
        page.keyboard.press("Tab")
        if page.locator(selector).first.evaluate("element => element === document.activeElement"):
            return
    raise AssertionError(f"the Tab key never reaches {selector}")


def test_without_scripts_it_is_the_same_purchase(browser: object, live_server: object, cranes: Listing) -> None:
    context = browser.new_context(java_script_enabled=False, base_url=live_server.url)  # type: ignore[attr-defined]
    page = context.new_page()
    page.goto(cranes.get_absolute_url())
    page.locator("form:has(input[name=sku]) button").click()
    expect(page.locator(".basket-list time[data-until]")).to_have_text(re.compile(r"^\d\d:\d\d$"))
    page.locator(".checkout select[name=country]").select_option("DE")
    page.locator("form:has(select[name=country]) button").click()
    page.locator("a[href='/checkout/address/']").click()
    give_address(page)
    page.locator("form:has([name=shipping_method]) button").click()
    page.locator("form:has([name=fingerprint]) button").click()
    page.locator("button[value=approve]").click()
    expect(page.locator(".notice.good")).to_be_visible()
    context.close()
    assert Order.objects.get().state == OrderState.PAID
