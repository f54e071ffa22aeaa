"""Who may open which page of the staff site."""

from collections.abc import Callable

import pytest
from django.contrib import admin
from django.test import Client
from django.urls import reverse

from catalog import listings
from catalog.vocabularies import ListingState
from shop import staff
from shop.models import User
from tests.catalog.pieces import a_draft, a_graded_draft, a_listed_piece, a_paid_order, a_reserved_piece

# Model: what the owner, the cataloguer and the order desk get: 200 or 403.
PAGES = {
    "catalog.film": (200, 200, 200),
    "catalog.edition": (200, 200, 200),
    "catalog.listing": (200, 200, 200),
    "catalog.person": (200, 200, 403),
    "catalog.review": (200, 200, 403),
    "catalog.programme": (200, 200, 403),
    "catalog.genre": (200, 200, 403),
    "catalog.conditiongrade": (200, 200, 403),
    "checkout.order": (200, 403, 200),
    "checkout.paper": (200, 403, 200),
    "checkout.payment": (200, 403, 200),
    "checkout.refund": (200, 403, 200),
    "checkout.reservation": (200, 403, 200),
    "checkout.pointsaccount": (200, 403, 200),
    "checkout.pointsentry": (200, 403, 200),
    "checkout.rateset": (200, 403, 200),
    "checkout.zone": (200, 403, 403),
    "shop.user": (200, 403, 403),
    "shop.page": (200, 403, 403),
    "auth.group": (200, 403, 403),
}


@pytest.mark.parametrize("group", [staff.OWNER, staff.CATALOGUER, staff.ORDER_DESK])
def test_each_group_opens_what_it_works_with(as_member: Callable[[str], Client], group: str) -> None:
    place = (staff.OWNER, staff.CATALOGUER, staff.ORDER_DESK).index(group)
    client = as_member(group)

    answers = {model: client.get(reverse(f"admin:{model.replace('.', '_')}_changelist")).status_code for model in PAGES}

    assert answers == {model: expected[place] for model, expected in PAGES.items()}


def test_every_page_of_the_staff_site_opens_for_a_superuser(client: Client, db: None) -> None:
    client.force_login(
        User.objects.create_superuser("root@example.com"),
        backend="allauth.account.auth_backends.AuthenticationBackend",
    )
    for model, page in admin.site._registry.items():
        name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        assert client.get(reverse(f"{name}_changelist"), follow=True).status_code == 200, name
        if page.has_add_permission(client.get("/staff/").wsgi_request):
            assert client.get(reverse(f"{name}_add")).status_code == 200, name


def test_a_customer_is_asked_to_sign_in(client: Client, db: None) -> None:
    client.force_login(
        User.objects.create_user("customer@example.com"),
        backend="allauth.account.auth_backends.AuthenticationBackend",
    )
    assert client.get("/staff/").status_code == 302


def test_staff_without_a_group_sees_an_empty_house(as_member: Callable[[str], Client]) -> None:
    client = as_member("")

    assert client.get("/staff/").context["tiles"] == []
    assert client.get(reverse("admin:catalog_listing_changelist")).status_code == 403
    assert client.get(reverse("admin:missing_facts")).status_code == 403


def test_the_cataloguer_does_not_see_what_a_piece_cost(cataloguer: Client, owner: Client) -> None:
    listing = a_draft()
    address = reverse("admin:catalog_listing_change", args=(listing.pk,))

    assert "purchase-0-cost_eur" not in cataloguer.get(address).content.decode()
    assert "purchase-0-cost_eur" in owner.get(address).content.decode()


def test_the_cataloguer_does_not_see_whose_account_a_review_came_from(cataloguer: Client, owner: Client) -> None:
    film = a_draft().film
    assert film is not None
    customer = User.objects.create_user("customer@example.com")
    review = film.reviews.create(kind="customer", user=customer, rights="own", body="Good")
    address = reverse("admin:catalog_review_change", args=(review.pk,))

    assert "customer@example.com" not in cataloguer.get(address).content.decode()
    assert "customer@example.com" in owner.get(address).content.decode()


def test_the_order_desk_reads_a_listing_and_changes_nothing(order_desk: Client) -> None:
    listing = a_graded_draft()
    address = reverse("admin:catalog_listing_change", args=(listing.pk,))

    page = order_desk.get(address)
    assert page.status_code == 200
    assert page.context["deeds"] == []
    assert order_desk.post(address, {"price": "1.00"}).status_code == 403
    assert order_desk.post(f"{address.removesuffix('change/')}do/publish/").status_code == 403
    listing.refresh_from_db()
    assert listing.state == ListingState.DRAFT


def test_the_cataloguer_cannot_touch_an_order_by_its_address(cataloguer: Client) -> None:
    order = a_paid_order(a_listed_piece())

    for path in ("change/", "do/pack/", "do/cancel/", "history/"):
        address = reverse("admin:checkout_order_change", args=(order.pk,)).removesuffix("change/") + path
        assert cataloguer.get(address).status_code == 403, path
        assert cataloguer.post(address).status_code == 403, path
    order.refresh_from_db()
    assert order.state == "paid"


def test_an_owner_does_not_make_or_take_over_superusers(owner: Client) -> None:
    root = User.objects.create_superuser("root@example.com", "a-long-password")
    change = reverse("admin:shop_user_change", args=(root.pk,))

    owner.post(change, {"email": "mine@example.com", "is_active": "on"})
    password = {"password1": "their-own-choice", "password2": "their-own-choice"}
    owner.post(change.removesuffix("change/") + "password/", password)
    owner.post(change.removesuffix("change/") + "delete/", {"post": "yes"})

    root.refresh_from_db()
    assert (root.email, root.check_password("a-long-password")) == ("root@example.com", True)
    own = User.objects.get(email="owner@example.com")
    owner.post(
        reverse("admin:shop_user_change", args=(own.pk,)),
        {"email": "owner@example.com", "is_active": "on", "is_staff": "on", "is_superuser": "on"},
    )
    own.refresh_from_db()
    assert not own.is_superuser


def test_groups_keep_their_members_when_they_are_made_again(as_member: Callable[[str], Client]) -> None:
    as_member(staff.CATALOGUER)
    staff.create_groups()

    user = User.objects.get(email="cataloguer@example.com")
    assert user.has_perm("catalog.change_film")
    assert not user.has_perm("catalog.view_purchaserecord")


def test_a_link_never_changes_anything(owner: Client) -> None:
    listing = a_graded_draft()
    reserved = a_reserved_piece()

    owner.get(reverse("admin:catalog_listing_deed", args=(listing.pk, "publish")))
    owner.get(reverse("admin:catalog_listing_deed", args=(reserved.pk, "withdraw")))

    listing.refresh_from_db()
    assert listing.state == ListingState.DRAFT
    assert listings.publishing_problems(listing) == []
