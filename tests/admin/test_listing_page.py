"""The listing's page: making, grading, photographing and publishing a piece as staff do."""

import io
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from PIL import Image

from catalog import listings
from catalog.models import Listing
from catalog.vocabularies import Grade, ListingState
from tests.admin.pages import fields_of, messages_of
from tests.catalog.pieces import (
    a_draft,
    a_graded_draft,
    a_listed_piece,
    a_reserved_piece,
    a_sold_piece,
    an_edition,
)


def change(listing: Listing) -> str:
    return reverse("admin:catalog_listing_change", args=(listing.pk,))


def deed(listing: Listing, name: str) -> str:
    return reverse("admin:catalog_listing_deed", args=(listing.pk, name))


def a_photo(name: str = "front.jpg") -> SimpleUploadedFile:
    picture = io.BytesIO()
    Image.effect_noise((900, 1200), 80).convert("RGB").save(picture, "JPEG")
    return SimpleUploadedFile(name, picture.getvalue(), content_type="image/jpeg")


def send(client: Client, listing: Listing, **changes: Any) -> Any:
    """Open the page, change some fields, press “save”."""
    page = client.get(change(listing))
    return client.post(change(listing), {**fields_of(page), **changes}, follow=True)


def test_a_new_piece_is_a_graded_draft_with_its_own_sku(cataloguer: Client) -> None:
    edition = an_edition()
    page = cataloguer.get(reverse("admin:catalog_listing_add"))
    data = {
        **fields_of(page),
        "edition": edition.pk,
        "price": "5.00",
        "component_grades-0-verdict": Grade.VERY_GOOD,
        "component_grades-1-verdict": Grade.GOOD,
        "component_grades-3-verdict": "missing",
    }

    answer = cataloguer.post(reverse("admin:catalog_listing_add"), data, follow=True)

    assert answer.status_code == 200
    listing = Listing.objects.get()
    assert (listing.sku, listing.state) == ("MOV-DRA-WAR-1001", ListingState.DRAFT)
    assert listing.price.amount == Decimal("5.00")
    assert listing.headline_grade == Grade.GOOD
    parts = [(part.component, part.disc_number, part.grade or part.state) for part in listing.component_grades.all()]
    assert parts == [("disc", 1, "very_good"), ("case", None, "good"), ("inserts", None, "missing")]


def test_every_disc_of_the_edition_waits_for_its_grade(cataloguer: Client) -> None:
    edition = an_edition()
    edition.disc_count = 2
    edition.save()
    listing = a_draft(edition)

    def waiting() -> list[tuple[str, str]]:
        data = fields_of(cataloguer.get(change(listing)))
        rows = range(int(data["component_grades-TOTAL_FORMS"]))
        return [
            (data[f"component_grades-{row}-component"], data[f"component_grades-{row}-disc_number"]) for row in rows
        ]

    assert waiting() == [("disc", "1"), ("disc", "2"), ("case", ""), ("artwork", ""), ("inserts", "")]
    listing.component_grades.create(component="disc", grade=Grade.GOOD)
    assert waiting() == [("disc", ""), ("case", ""), ("artwork", ""), ("inserts", "")]


def test_chosen_categories_make_the_sku(cataloguer: Client) -> None:
    edition = an_edition(genres=("DRA", "WAR"))
    page = cataloguer.get(reverse("admin:catalog_listing_add"))
    data = {**fields_of(page), "edition": edition.pk, "price": "5.00", "categories": ["WAR"]}

    cataloguer.post(reverse("admin:catalog_listing_add"), data)

    assert Listing.objects.get().sku == "MOV-WAR-1001"


def test_a_film_without_a_genre_asks_for_a_category(cataloguer: Client) -> None:
    edition = an_edition(genres=())
    page = cataloguer.get(reverse("admin:catalog_listing_add"))

    answer = cataloguer.post(
        reverse("admin:catalog_listing_add"), {**fields_of(page), "edition": edition.pk, "price": "5.00"}
    )

    assert "categories" in answer.context["adminform"].form.errors
    assert not Listing.objects.exists()


@pytest.mark.parametrize("a_piece", [a_graded_draft, a_listed_piece, a_reserved_piece, a_sold_piece])
def test_saving_without_a_change_changes_nothing(cataloguer: Client, a_piece: Callable[[], Listing]) -> None:
    listing = a_piece()
    listings.grade(listing)
    before = Listing.objects.values().get(pk=listing.pk)

    answer = send(cataloguer, listing)

    assert messages_of(answer)[0].startswith("The listing"), answer.context["errors"]
    after = Listing.objects.values().get(pk=listing.pk)
    ignored = {"version", "changed_at", "search_text"}
    assert {name: after[name] for name in after if name not in ignored} == {
        name: before[name] for name in before if name not in ignored
    }


def test_a_new_price_in_the_form_is_in_the_history(cataloguer: Client) -> None:
    listing = a_listed_piece()

    send(cataloguer, listing, price="4.20", shelf="A3")

    listing.refresh_from_db()
    assert (listing.price.amount, listing.shelf, listing.state) == (Decimal("4.20"), "A3", ListingState.LISTED)
    assert listing.price_changes.count() == 2
    assert listing.history.first().history_user.email == "cataloguer@example.com"


@pytest.mark.parametrize("a_piece", [a_reserved_piece, a_sold_piece])
def test_the_price_of_a_held_or_sold_piece_is_not_in_the_form(
    cataloguer: Client, a_piece: Callable[[], Listing]
) -> None:
    listing = a_piece()

    send(cataloguer, listing, price="1.00")

    listing.refresh_from_db()
    assert listing.price.amount == Decimal("5.00")


def test_sealed_with_a_worn_case_is_refused_beside_the_grades(cataloguer: Client) -> None:
    listing = a_graded_draft(Grade.SEALED)

    answer = send(cataloguer, listing, **{"component_grades-1-verdict": Grade.GOOD})

    assert "sealed" in str(answer.context["errors"]).lower()
    assert listing.component_grades.count() == 1


def test_a_piece_on_offer_keeps_a_grade(cataloguer: Client) -> None:
    listing = a_listed_piece()

    answer = send(cataloguer, listing, **{"component_grades-0-DELETE": "on"})

    assert "at least one grade" in str(answer.context["errors"])
    assert listing.component_grades.count() == 1


def test_photos_are_kept_re_encoded_in_the_order_given(cataloguer: Client) -> None:
    listing = a_draft()

    send(cataloguer, listing, new_photos=[a_photo("a.jpg"), a_photo("b.jpg")])

    photos = list(listing.photos.all())
    assert [photo.kind for photo in photos] == ["front", "back"]
    assert all(photo.sha256 and photo.widths for photo in photos)


def test_a_file_that_is_no_picture_is_refused(cataloguer: Client) -> None:
    listing = a_draft()

    answer = send(cataloguer, listing, new_photos=[SimpleUploadedFile("a.jpg", b"no picture")])

    assert "new_photos" in answer.context["adminform"].form.errors
    assert not listing.photos.exists()


def test_publishing_says_all_that_is_missing(cataloguer: Client) -> None:
    listing = a_draft()

    answer = cataloguer.post(deed(listing, "publish"), follow=True)

    assert messages_of(answer) == ["MOV-DRA-WAR-1001 cannot be published yet: no disc is graded."]
    listing.refresh_from_db()
    assert listing.state == ListingState.DRAFT


def test_the_way_of_a_piece_by_buttons(cataloguer: Client) -> None:
    listing = a_graded_draft()
    for name, state in (("publish", "listed"), ("draft", "draft"), ("publish", "listed"), ("withdraw", "withdrawn")):
        offered = [item["deed"].name for item in cataloguer.get(change(listing)).context["deeds"]]
        assert name in offered
        cataloguer.post(deed(listing, name))
        listing.refresh_from_db()
        assert listing.state == state


def test_a_new_price_by_button(cataloguer: Client) -> None:
    listing = a_listed_piece()

    refused = cataloguer.post(deed(listing, "price"), {"price_eur": "0"})
    assert "price_eur" in refused.context["form"].errors
    cataloguer.post(deed(listing, "price"), {"price_eur": "3.50"})

    listing.refresh_from_db()
    assert listing.price.amount == Decimal("3.50")


def test_another_copy_leads_to_the_new_draft(cataloguer: Client) -> None:
    listing = a_listed_piece()

    answer = cataloguer.post(deed(listing, "duplicate"))

    copy = Listing.objects.exclude(pk=listing.pk).get()
    assert answer.headers["Location"] == change(copy)


def test_chosen_pieces_are_published_one_by_one(cataloguer: Client) -> None:
    ready, unready = a_graded_draft(), a_draft(an_edition(title="Another"))

    answer = cataloguer.post(
        reverse("admin:catalog_listing_changelist"),
        {"action": "publish_chosen", "_selected_action": [ready.pk, unready.pk]},
        follow=True,
    )

    assert sorted(messages_of(answer)) == [
        f"{unready.sku} cannot be published yet: no disc is graded.",
        "Published: 1",
    ]
    ready.refresh_from_db()
    assert ready.state == ListingState.LISTED


@pytest.mark.parametrize("a_piece", [a_listed_piece, a_sold_piece])
def test_a_piece_that_was_public_is_not_deleted(cataloguer: Client, a_piece: Callable[[], Listing]) -> None:
    listing = a_piece()

    answer = cataloguer.post(reverse("admin:catalog_listing_delete", args=(listing.pk,)), {"post": "yes"})

    assert answer.status_code == 403
    assert Listing.objects.filter(pk=listing.pk).exists()


def test_an_old_row_of_the_history_cannot_be_brought_back(cataloguer: Client) -> None:
    listing = a_listed_piece()
    draft = listing.history.last()
    address = reverse("admin:catalog_listing_simple_history", args=(listing.pk, draft.history_id))

    assert cataloguer.get(address).status_code == 200
    assert cataloguer.post(address, {"price": "1.00"}).status_code == 405
    listing.refresh_from_db()
    assert listing.state == ListingState.LISTED


def test_the_purchase_is_recorded_on_the_same_page(owner: Client) -> None:
    listing = a_draft()

    send(owner, listing, **{"purchase-0-cost_eur": "1.20", "purchase-0-seller_kind": "private"})

    assert listing.purchase.cost_eur == Decimal("1.20")


def test_a_saved_piece_is_found_by_its_words(cataloguer: Client) -> None:
    listing = a_draft()
    Listing.objects.filter(pk=listing.pk).update(search_text="")

    send(cataloguer, listing, shelf="B2")

    listing.refresh_from_db()
    assert "cranes" in listing.search_text


def test_a_draft_is_previewed_as_its_page_by_staff_alone(cataloguer: Client, client: Client) -> None:
    draft = a_graded_draft()
    preview = reverse("admin:catalog_listing_preview", args=(draft.pk,))
    assert preview in cataloguer.get(change(draft)).content.decode()
    page = cataloguer.get(preview)
    assert page.status_code == 200
    assert "only staff see this page" in page.content.decode()
    assert draft.sku in page.content.decode()
    assert client.get(preview).status_code == 302
    assert client.get(f"/dvds/{draft.sku}/").status_code == 404
