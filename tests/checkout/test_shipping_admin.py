"""Staff edit the tariff and see its prices; the shop uses it at once; rate sets are decided, never edited."""

import re
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoCaptureOnCommitCallbacks

from checkout import currency, shipping, tariff
from checkout.models import Method, ParcelSettings, RateSet, ShippingRate, Zone, ZoneCountry
from checkout.models.currency import RateSetStatus, RateSource
from shop.models import User
from tests.checkout.rates import load_newest

pytestmark = pytest.mark.django_db


@pytest.fixture
def staff(client: Client) -> Client:
    tariff.load_example()
    load_newest()
    client.force_login(User.objects.create_superuser("owner@example.com", "x"))
    return client


def form_of(text: str) -> dict[str, str]:
    """The fields of the page's form as a browser would send them, without its empty row for a new inline."""
    from html.parser import HTMLParser

    class Fields(HTMLParser):
        def __init__(self) -> None:
            super().__init__()
            self.values: dict[str, str] = {}
            self.select = ""

        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            found = dict(attrs)
            name = found.get("name") or ""
            if tag == "input" and name and found.get("type") != "submit":
                if found.get("type") != "checkbox" or "checked" in found:
                    self.values[name] = found.get("value") or ("on" if found.get("type") == "checkbox" else "")
            elif tag == "select":
                self.select = name
            elif tag == "option" and "selected" in found:
                self.values[self.select] = found.get("value") or ""

    fields = Fields()
    fields.feed(text)
    return {name: value for name, value in fields.values.items() if "__prefix__" not in name}


def change_page(client: Client, row: Any) -> tuple[str, str]:
    path = f"/staff/checkout/{row._meta.model_name}/{row.pk}/change/"
    answer = client.get(path)
    assert answer.status_code == 200
    return path, answer.content.decode()


def band_field(values: dict[str, str], band: ShippingRate, field: str) -> str:
    prefix = next(
        name.removesuffix("-id")
        for name, value in values.items()
        if re.fullmatch(r"rates-\d+-id", name) and value == str(band.pk)
    )
    return f"{prefix}-{field}"


def test_a_zone_shows_what_sample_parcels_cost(staff: Client) -> None:
    _path, text = change_page(staff, Zone.objects.get(code="EU"))
    flat = re.sub(r"\s+", " ", text)
    assert "<th>2 × 100 g</th>" in flat
    assert "<tr><th>Registered post, tracked</th><td>€8.90</td><td>€8.90</td><td>€11.90</td><td>€16.90</td>" in flat
    assert "<td>€36.80, 2 parcels</td>" in flat


def test_a_method_shows_every_zones_prices(staff: Client) -> None:
    _path, text = change_page(staff, Method.objects.get(code="courier"))
    assert "<tr><th>Greece</th><td>€4.50</td>" in text
    assert "<tr><th>Cyprus</th><td>€15.00</td>" in text
    assert "<th>European Union</th>" not in text


def test_a_saved_price_is_quoted_at_once(
    staff: Client, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    assert shipping.quote("DE", [100], Decimal(5)).options[0].price_eur == Decimal("8.90")
    path, text = change_page(staff, Zone.objects.get(code="EU"))
    values = form_of(text)
    band = ShippingRate.objects.get(zone__code="EU", method__code="post_tracked", over_g=100)
    values[band_field(values, band, "price")] = "8.20"
    with django_capture_on_commit_callbacks(execute=True):
        assert staff.post(path, values).status_code == 302
    assert shipping.quote("DE", [100], Decimal(5)).options[0].price_eur == Decimal("8.20")


def test_a_border_between_bands_can_be_moved(staff: Client) -> None:
    path, text = change_page(staff, Zone.objects.get(code="EU"))
    values = form_of(text)
    lower = ShippingRate.objects.get(zone__code="EU", method__code="post_tracked", over_g=0)
    upper = ShippingRate.objects.get(zone__code="EU", method__code="post_tracked", over_g=100)
    values[band_field(values, lower, "up_to_g")] = "150"
    values[band_field(values, upper, "over_g")] = "150"
    assert staff.post(path, values).status_code == 302
    upper.refresh_from_db()
    assert upper.over_g == 150


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("up_to_g", "150", "the bands up to 150 g and up to 250 g overlap"),
        ("up_to_g", "0", "The upper weight must be above the lower one."),
        ("days_max", "1", "The longest delivery is shorter than the shortest."),
    ],
)
def test_bands_that_make_no_sense_are_refused_with_a_sentence(
    staff: Client, field: str, value: str, sentence: str
) -> None:
    path, text = change_page(staff, Zone.objects.get(code="EU"))
    values = form_of(text)
    lower = ShippingRate.objects.get(zone__code="EU", method__code="post_tracked", over_g=0)
    values[band_field(values, lower, field)] = value
    answer = staff.post(path, values)
    assert answer.status_code == 200
    assert sentence in answer.content.decode()
    lower.refresh_from_db()
    assert (lower.up_to_g, lower.days_max) == (100, 10)


@pytest.mark.parametrize(
    "model", ["zone", "zonecountry", "method", "postcoderule", "parcelsettings", "packagingweight", "rateset"]
)
def test_every_list_opens(staff: Client, model: str) -> None:
    assert staff.get(f"/staff/checkout/{model}/").status_code == 200


@pytest.mark.parametrize("model", ["zone", "zonecountry", "method", "postcoderule", "packagingweight"])
def test_every_form_for_a_new_row_opens(staff: Client, model: str) -> None:
    assert staff.get(f"/staff/checkout/{model}/add/").status_code == 200


def test_a_country_that_is_not_served_needs_a_reason(staff: Client) -> None:
    row = ZoneCountry.objects.get(country="DE")
    path, text = change_page(staff, row)
    values = form_of(text)
    del values["is_enabled"]
    answer = staff.post(path, values)
    assert "Say in both languages why we do not ship there." in answer.content.decode()
    assert staff.post(path, {**values, "refusal_en": "Strike", "refusal_el": "Απεργία"}).status_code == 302
    assert not ZoneCountry.objects.get(pk=row.pk).is_enabled


def test_parcel_settings_are_one_row(staff: Client) -> None:
    assert staff.get("/staff/checkout/parcelsettings/add/").status_code == 403
    row = ParcelSettings.objects.get()
    assert staff.post(f"/staff/checkout/parcelsettings/{row.pk}/delete/", {"post": "yes"}).status_code == 403


def test_a_pattern_that_is_none_is_refused(staff: Client) -> None:
    answer = staff.post(
        "/staff/checkout/postcoderule/add/",
        {"country": "PT", "pattern": "^(9", "reason_en": "x", "reason_el": "x", "position": "0"},
    )
    assert "Not a regular expression" in answer.content.decode()


# Rate sets


def waiting_set() -> RateSet:
    return RateSet.objects.create(
        date=date(2026, 11, 2),
        source=RateSource.DAILY,
        sha256="1" * 64,
        fetched_at=timezone.now(),
        status=RateSetStatus.WAITING,
        reason="USD: 1.1172 → 2, more than 20%",
    )


def test_rate_sets_can_be_read_and_not_edited(staff: Client) -> None:
    row = RateSet.objects.get()
    _path, text = change_page(staff, row)
    assert "1.1172" in text
    assert 'name="_save"' not in text
    assert staff.get("/staff/checkout/rateset/add/").status_code == 403
    assert staff.post(f"/staff/checkout/rateset/{row.pk}/delete/", {"post": "yes"}).status_code == 403


def test_the_list_warns_of_missing_days(staff: Client) -> None:
    assert "publication days are missing" in staff.get("/staff/checkout/rateset/").content.decode()


@pytest.mark.parametrize(("deed", "status"), [("accept", RateSetStatus.ACCEPTED), ("reject", RateSetStatus.REJECTED)])
def test_staff_decide_a_waiting_set(staff: Client, deed: str, status: RateSetStatus) -> None:
    row = waiting_set()
    _path, text = change_page(staff, row)
    assert f"/staff/checkout/rateset/{row.pk}/do/{deed}/" in text
    assert staff.post(f"/staff/checkout/rateset/{row.pk}/do/{deed}/").status_code == 302
    row.refresh_from_db()
    assert row.status == status
    newest = currency.newest_accepted()
    assert newest is not None
    assert (newest == row) is (deed == "accept")


def test_a_decided_set_offers_no_deed(staff: Client) -> None:
    _path, text = change_page(staff, RateSet.objects.get())
    assert "/do/accept/" not in text
