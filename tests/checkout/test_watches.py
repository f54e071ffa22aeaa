"""Who was too slow hears when the piece can be had again: once, in their language, and is then forgotten."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.core import mail as outbox
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from catalog.models import Listing
from checkout import settlement, watch_tasks, watches
from checkout.models import Watch
from tests.catalog.pieces import a_listed_piece
from tests.checkout.storefront import decide, order, reserve, text_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("shippable")]
RunTasks = Callable[[], int]


@pytest.fixture(autouse=True)
def uncounted() -> None:
    cache.clear()


@pytest.fixture
def piece() -> Listing:
    return a_listed_piece()


@pytest.fixture
def holder(piece: Listing) -> Client:
    client = Client()
    reserve(client, piece)
    return client


def ask(client: Client, piece: Listing, email: str = "anna@example.com", *, path: str = "/watch/") -> str:
    """What the page says at the end."""
    return text_of(client.post(f"{path}{piece.sku}/", {"email": email}, follow=True))


def a_minute_later(run_tasks: RunTasks) -> None:
    watch_tasks.announce_available(timestamp=0)
    run_tasks()


def test_who_was_too_slow_is_told_once_when_the_piece_is_free(
    client: Client, holder: Client, piece: Listing, run_tasks: RunTasks
) -> None:
    refused = reserve(client, piece)
    assert refused.status_code == 409
    assert f'href="/watch/{piece.sku}/"' in refused.content.decode()
    assert "one mail goes to anna@example.com" in ask(client, piece)
    a_minute_later(run_tasks)
    assert outbox.outbox == []
    holder.post("/basket/release/", {"sku": piece.sku})
    for _minute in range(2):
        a_minute_later(run_tasks)
    (told,) = outbox.outbox
    assert told.to == ["anna@example.com"]
    assert told.subject == "The Cranes Are Flying can be had again"
    assert piece.get_absolute_url() in told.body
    assert piece.sku in told.body
    assert not Watch.objects.exists()


def test_a_claim_that_lapsed_counts_before_anybody_tidies(
    client: Client, holder: Client, piece: Listing, run_tasks: RunTasks
) -> None:
    ask(client, piece)
    Listing.objects.filter(pk=piece.pk).update(reserved_until=timezone.now() - timedelta(seconds=1))
    a_minute_later(run_tasks)
    assert len(outbox.outbox) == 1


def test_a_cancelled_sale_counts_too_and_the_mail_is_greek(client: Client, piece: Listing, run_tasks: RunTasks) -> None:
    placed = order(Client(), piece)
    ask(client, piece, path="/el/watch/")
    settlement.cancel(placed)
    run_tasks()
    outbox.outbox.clear()
    a_minute_later(run_tasks)
    (told,) = outbox.outbox
    assert told.subject == "The Cranes Are Flying: διαθέσιμο ξανά"
    assert f"/el/dvds/{piece.sku}" in told.body


def test_who_finds_it_taken_again_goes_on_waiting(
    client: Client, holder: Client, piece: Listing, run_tasks: RunTasks
) -> None:
    ask(client, piece)
    holder.post("/basket/release/", {"sku": piece.sku})
    watch_tasks.announce_available(timestamp=0)
    reserve(Client(), piece)
    run_tasks()
    assert outbox.outbox == []
    assert Watch.objects.count() == 1


def test_all_who_wait_are_told_and_each_address_once(
    client: Client, holder: Client, piece: Listing, run_tasks: RunTasks
) -> None:
    for email in ("anna@example.com", "Anna@Example.com", "boris@example.com"):
        ask(client, piece, email)
    holder.post("/basket/release/", {"sku": piece.sku})
    a_minute_later(run_tasks)
    assert sorted(message.to[0] for message in outbox.outbox) == ["anna@example.com", "boris@example.com"]


def test_a_mail_that_cannot_be_sent_is_not_queued_anew_every_minute(
    client: Client, holder: Client, piece: Listing
) -> None:
    ask(client, piece)
    holder.post("/basket/release/", {"sku": piece.sku})
    assert [watches.announce() for _minute in range(3)] == [1, 0, 0]


def test_who_no_longer_wants_it_is_forgotten(client: Client, holder: Client, piece: Listing) -> None:
    ask(client, piece)
    page = f"/watching/{Watch.objects.get().token}/"
    assert "no-store" in client.get(page).headers["Cache-Control"]
    for _press in range(2):
        assert "We have forgotten your address" in text_of(client.post(page))
    assert not Watch.objects.exists()
    assert client.get(page).status_code == 404


def test_a_free_piece_is_led_to_instead_of_waited_for(client: Client, piece: Listing) -> None:
    assert client.post(f"/watch/{piece.sku}/", {"email": "a@example.com"}).headers["Location"] == (
        piece.get_absolute_url()
    )
    assert not Watch.objects.exists()


@pytest.mark.parametrize("email", ["", "nobody", "a" * 250 + "@example.com", "a\0@example.com", "a@b.example\nBcc: c"])
def test_an_address_that_is_none_is_refused(client: Client, holder: Client, piece: Listing, email: str) -> None:
    answer = client.post(f"/watch/{piece.sku}/", {"email": email})
    assert answer.status_code == 422
    assert not Watch.objects.exists()


def test_an_unknown_piece_is_not_found(client: Client) -> None:
    assert client.get("/watch/MOV-ACT-9999/").status_code == 404


def test_nobody_fills_our_outbox(client: Client, holder: Client, piece: Listing) -> None:
    answers = [
        client.post(f"/watch/{piece.sku}/", {"email": f"somebody-{number}@example.com"}).status_code
        for number in range(21)
    ]
    assert answers == [302] * 20 + [429]


def test_a_watch_nothing_came_of_is_forgotten_in_a_year(client: Client, holder: Client, piece: Listing) -> None:
    ask(client, piece)
    Watch.objects.update(created_at=timezone.now() - timedelta(days=364))
    watch_tasks.announce_available(timestamp=0)
    assert Watch.objects.count() == 1
    Watch.objects.update(created_at=timezone.now() - timedelta(days=366))
    watch_tasks.announce_available(timestamp=0)
    assert not Watch.objects.exists()


def test_a_sold_page_offers_it(client: Client, piece: Listing) -> None:
    decide(client, order(client, piece), "approve")
    assert f'href="/watch/{piece.sku}/"' in client.get(piece.get_absolute_url()).content.decode()
    assert "Now and then one comes back" in text_of(client.get(f"/watch/{piece.sku}/"))
