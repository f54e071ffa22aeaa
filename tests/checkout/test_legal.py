"""What consumers are told before and after they order (Directive 2011/83/EU, articles 6 and 8)."""

import re
from collections.abc import Callable

import pytest
from django.core import mail as outbox
from django.test import Client

from catalog.models import Listing
from shop import page_texts
from shop.models import SellerVatMode, ShopSettings
from tests.catalog.shelf import a_film, a_piece, an_edition_of
from tests.checkout.rates import load_newest
from tests.checkout.storefront import choose, decide, give_address, order, reserve, text_of, up_to_review

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("shippable")]
RunTasks = Callable[[], int]


def a_scratched_piece() -> Listing:
    edition = an_edition_of(a_film("Ordet"), audio=("da", "da"), subtitles=("en",), label="Dreyer", regions=["1"])
    piece = a_piece(edition, grade="good")
    piece.defects.create(component="disc", disc_number=1, kind="light_scratches", note_en="near the rim")
    return piece


def review(client: Client, *pieces: Listing, payment: str = "demo") -> str:
    up_to_review(client, *pieces, payment=payment)
    return text_of(client.get("/checkout/review/"))


def test_the_review_names_the_main_characteristics_of_each_copy(client: Client) -> None:
    page = review(client, a_scratched_piece(), a_piece())
    for fact in ("Ordet", "Dreyer", "R1", "PAL", "Good", "Audio: Danish ·", "Subtitles: English", "near the rim"):
        assert fact in page
    assert "Second-hand, the only piece." in page
    # Greece is region 2: the buyer is warned before paying.
    assert "region" in page.lower()
    assert "The Cranes Are Flying" in page


def test_everything_to_be_known_stands_before_the_button(client: Client) -> None:
    ShopSettings(seller_address="Ermou 1\n105 63 Athens", seller_phone="+30 210 0000000", withdrawal_days=20).save()
    page = review(client, a_piece())
    before, button, _after = page.partition("Order with obligation to pay")
    assert button
    for text in (
        "Athens Collectibles, Ermou 1 105 63 Athens",
        "shop@example.com",
        "+30 210 0000000",
        "The amount is authorised when you order",
        "after we ship",
        "within 20 days after the parcel arrives",
        "You bear the cost of sending it back.",
        "Model withdrawal form",
        "Legal guarantee of conformity for 2 years",
        "Consumer Ombudsman",
        "Total €13.90",
    ):
        assert text in before, text


@pytest.mark.parametrize("slug", ["legal-notice", "withdrawal", "withdrawal-form", "guarantee", "terms"])
@pytest.mark.parametrize("prefix", ["", "/el"])
def test_the_review_links_the_texts_in_its_language(client: Client, slug: str, prefix: str) -> None:
    page_texts.load_examples()
    reserve(client, a_piece())
    give_address(client)
    choose(client)
    page = client.get(f"{prefix}/checkout/review/").content.decode()
    main = page[page.index("<main") : page.index("</main>")]
    assert f'href="{prefix}/pages/{slug}/"' in main
    assert client.get(f"{prefix}/pages/{slug}/").status_code == 200


def test_a_transfer_is_told_its_days_instead(client: Client) -> None:
    ShopSettings(bank_iban="GR1601101250000000012300695", bank_transfer_days=4).save()
    page = review(client, a_piece(), payment="bank_transfer")
    assert "has to arrive within 4 days" in page
    assert "authorised" not in page


def test_the_total_names_its_rate_and_day(client: Client) -> None:
    load_newest()
    client.post("/currency/", {"currency": "USD"})
    page = review(client, a_piece())
    assert "rate of 30 October 2026: 1 EUR = 1.1172 USD" in page


@pytest.mark.parametrize("mode", SellerVatMode.values)
def test_no_page_or_mail_shows_vat_on_a_margin_piece(client: Client, mode: str, run_tasks: RunTasks) -> None:
    """Directive 2006/112/EC, article 325: VAT on a margin is never shown separately."""
    ShopSettings(vat_mode=mode).save()
    piece = a_piece()
    shown = client.get(piece.get_absolute_url()).content.decode()
    placed = order(client, piece)
    decide(client, placed, "approve")
    shown += client.get(placed.get_absolute_url()).content.decode()
    run_tasks()
    shown += outbox.outbox[-1].body
    assert not re.search(r"\d+([.,]\d+)?\s*%\s*(VAT|ΦΠΑ)|(VAT|ΦΠΑ)[^.<]{0,20}[€\d]", shown)


def test_the_page_of_a_piece_reminds_of_guarantee_and_withdrawal(client: Client) -> None:
    page = text_of(client.get(a_piece().get_absolute_url()))
    assert "Legal guarantee: 2 years" in page
    assert "14 days to change your mind" in page
    assert "not shown separately" in page


def test_the_confirmation_carries_the_contract_on_a_durable_medium(client: Client, run_tasks: RunTasks) -> None:
    page_texts.load_examples()
    placed = order(client, a_piece())
    decide(client, placed, "approve")
    run_tasks()
    [message] = outbox.outbox
    for text in ("The Cranes Are Flying", "€13.90", "within 14 days", "You bear the cost", "2 years", "Seller: Athens"):
        assert text in message.body, text
    [(name, text, kind)] = message.attachments
    assert (name, kind) == (f"{placed.number}.txt", "text/plain")
    for title in ("Terms of sale", "Right of withdrawal", "Model withdrawal form", "Legal guarantee", "Legal notice"):
        assert f"{title}\n===" in text
    assert "{" not in text
    assert "<" not in text


def test_a_greek_buyer_gets_the_contract_in_greek(client: Client, run_tasks: RunTasks) -> None:
    page_texts.load_examples()
    reserve(client, a_piece())
    client.get("/el/checkout/address/")
    placed = order(client)
    placed.refresh_from_db()
    type(placed).objects.filter(pk=placed.pk).update(language="el")
    decide(client, placed, "approve")
    run_tasks()
    [(_name, text, _kind)] = outbox.outbox[0].attachments
    assert "Υπόδειγμα εντύπου υπαναχώρησης\n===" in text
    assert "/el/pages/withdrawal-form/" in text


def test_a_transfer_is_confirmed_with_the_contract_too_and_a_cancellation_without(
    client: Client, run_tasks: RunTasks
) -> None:
    page_texts.load_examples()
    ShopSettings(bank_iban="GR1601101250000000012300695").save()
    placed = order(client, a_piece(), payment="bank_transfer")
    run_tasks()
    assert outbox.outbox[-1].attachments
    client.post(f"{placed.get_absolute_url()}cancel/")
    run_tasks()
    assert "cancelled" in outbox.outbox[-1].subject
    assert not outbox.outbox[-1].attachments


def test_staff_without_example_pages_still_send_mails(client: Client, run_tasks: RunTasks) -> None:
    placed = order(client, a_piece())
    decide(client, placed, "approve")
    run_tasks()
    assert outbox.outbox[0].attachments == []
