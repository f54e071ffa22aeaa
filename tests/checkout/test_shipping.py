"""Quotes: each rule of the tariff, the borders of its bands, combined parcels and where nothing goes."""

from decimal import Decimal

import pytest
from django.core.cache import cache
from django.db import IntegrityError, connection, transaction
from django.utils.translation import override
from pytest_django import DjangoAssertNumQueries

from checkout import shipping, tariff
from checkout.models.shipping import (
    FreeShipping,
    Method,
    ParcelSettings,
    PostcodeRule,
    ShippingRate,
    Zone,
    ZoneCountry,
)
from shop.models import ShopSettings

pytestmark = pytest.mark.django_db

DISC = 100
PACKING = 20


@pytest.fixture(autouse=True)
def example_tariff(db: None) -> None:
    assert tariff.load_example()


def price(country: str, *weights_g: int, goods: str = "5.00", method: str = "post_tracked") -> Decimal | None:
    option = shipping.quote(country, weights_g, Decimal(goods)).option(method)
    return None if option is None else option.price_eur


def test_one_disc_to_germany() -> None:
    offer = shipping.quote("DE", [DISC], Decimal("5.00"))
    assert offer.zone == "EU"
    assert offer.is_eu_vat
    assert not offer.needs_customs
    assert offer.refused_reason == ""
    [option] = offer.options
    assert option == offer.default
    assert (option.method, option.price_eur, option.days_min, option.days_max) == (
        "post_tracked",
        Decimal("8.90"),
        5,
        10,
    )
    assert option.parcels == (DISC + PACKING,)
    assert option.is_tracked
    assert option.insured_up_to_eur == Decimal("35.00")


@pytest.mark.parametrize(
    ("piece_g", "expected"),
    [
        (1, "7.90"),
        (100 - PACKING, "7.90"),
        (101 - PACKING, "8.90"),
        (250 - PACKING, "8.90"),
        (251 - PACKING, "11.90"),
        (500 - PACKING, "11.90"),
        (501 - PACKING, "16.90"),
        (1000 - PACKING, "16.90"),
        (1001 - PACKING, "24.90"),
        (2000 - PACKING, "24.90"),
    ],
)
def test_a_band_includes_its_upper_border_and_not_its_lower(piece_g: int, expected: str) -> None:
    assert price("DE", piece_g) == Decimal(expected)


@pytest.mark.parametrize(
    ("country", "expected"),
    [
        ("GR", "3.90"),
        ("CY", "7.90"),
        ("FR", "8.90"),
        ("NO", "9.90"),
        ("CA", "11.90"),
        ("JP", "12.90"),
        ("XK", "9.90"),
    ],
)
def test_every_zone_has_its_price(country: str, expected: str) -> None:
    assert price(country, DISC) == Decimal(expected)


def test_one_parcel_for_all_pieces() -> None:
    assert price("DE", DISC, DISC) == Decimal("8.90")
    assert price("DE", DISC, DISC, DISC) == Decimal("11.90")
    offer = shipping.quote("DE", [DISC] * 3, Decimal("15.00"))
    assert offer.default is not None
    assert offer.default.weight_g == 3 * DISC + PACKING


def test_too_heavy_for_one_parcel_becomes_two() -> None:
    offer = shipping.quote("DE", [1500, 400, 500], Decimal("50.00"))
    assert offer.default is not None
    assert offer.default.parcels == (2000 - 80, 500 + PACKING)
    assert offer.default.price_eur == Decimal("24.90") + Decimal("16.90")


def test_more_pieces_than_a_parcel_holds_become_two() -> None:
    assert price("DE", *[10] * 16) == Decimal("8.90")
    assert price("DE", *[10] * 17) == Decimal("8.90") + Decimal("7.90")


def test_each_further_piece_may_add_packing() -> None:
    ParcelSettings(tare_g=20, tare_per_extra_piece_g=15).save()
    cache.clear()
    offer = shipping.quote("DE", [DISC] * 3, Decimal("15.00"))
    assert offer.default is not None
    assert offer.default.parcels == (3 * DISC + 20 + 2 * 15,)


def test_a_piece_too_heavy_for_every_method_says_so() -> None:
    offer = shipping.quote("DE", [2000 - PACKING + 1], Decimal("5.00"))
    assert offer.options == ()
    assert offer.refused_code == "no_method"
    assert "Germany" in offer.refused_reason


@pytest.mark.parametrize(
    ("piece_g", "expected"),
    [
        (2000 - PACKING, "4.50"),
        (2001 - PACKING, "5.70"),
        (3000 - PACKING, "5.70"),
        (3001 - PACKING, "6.90"),
        (20000 - PACKING, "26.10"),
    ],
)
def test_the_courier_charges_each_kilogram_begun(piece_g: int, expected: str) -> None:
    assert price("GR", piece_g, method="courier") == Decimal(expected)


def test_the_post_is_default_and_the_courier_where_the_post_refuses() -> None:
    light = shipping.quote("GR", [DISC], Decimal("5.00"))
    assert [option.method for option in light.options] == ["post_tracked", "courier", "pickup"]
    heavy = shipping.quote("GR", [5000], Decimal("5.00"))
    assert [option.method for option in heavy.options] == ["courier", "pickup"]
    assert [option.is_default for option in heavy.options] == [True, False]


def test_collecting_is_free_and_only_in_greece() -> None:
    assert price("GR", DISC, method="pickup") == Decimal("0.00")
    assert price("CY", DISC, method="pickup") is None
    offer = shipping.quote("GR", [DISC], Decimal("5.00"))
    option = offer.option("pickup")
    assert option is not None
    assert option.is_pickup
    assert not option.is_free  # it costs nothing, but not because of the goods total


def test_collecting_takes_any_weight() -> None:
    assert price("GR", 25000, 25000, method="pickup") == Decimal("0.00")


@pytest.mark.parametrize(
    ("country", "goods", "expected"),
    [
        ("GR", "39.99", "3.90"),
        ("GR", "40.00", "0.00"),
        ("DE", "89.99", "8.90"),
        ("DE", "90.00", "0.00"),
        ("CY", "500", "7.90"),
    ],
)
def test_free_from_a_goods_total(country: str, goods: str, expected: str) -> None:
    assert price(country, DISC, goods=goods) == Decimal(expected)


def test_free_shipping_is_for_its_method_only() -> None:
    offer = shipping.quote("GR", [DISC], Decimal("40.00"))
    assert {option.method: option.is_free for option in offer.options} == {
        "post_tracked": True,
        "courier": False,
        "pickup": False,
    }
    assert offer.options[0].free_from_eur == Decimal("40.00")
    assert price("GR", DISC, goods="40.00", method="courier") == Decimal("4.50")


def test_a_method_switched_on_respects_its_goods_value() -> None:
    assert price("DE", DISC, method="post_economy") is None
    Method.objects.filter(code="post_economy").update(is_enabled=True)
    cache.clear()
    assert price("DE", DISC, goods="20.00", method="post_economy") == Decimal("5.90")
    assert price("DE", DISC, goods="20.01", method="post_economy") is None


def test_great_britain_waits_for_a_vat_number() -> None:
    offer = shipping.quote("GB", [DISC], Decimal("5.00"))
    assert offer.options == ()
    assert offer.refused_code == "country_not_served"
    assert "UK VAT number" in offer.refused_reason
    assert offer.needs_postcode
    ShopSettings(uk_vat_number="GB123456789").save()
    offer = shipping.quote("GB", [DISC], Decimal("5.00"))
    assert price("GB", DISC) == Decimal("9.90")
    assert offer.needs_customs
    assert not offer.needs_postcode


@pytest.mark.parametrize("postcode", ["BT1 1AA", "bt71 4ab", "BT11AA"])
def test_northern_ireland_counts_as_eu(postcode: str) -> None:
    offer = shipping.quote("GB", [DISC], Decimal("5.00"), postcode)
    assert offer.default is not None
    assert offer.is_eu_vat
    assert not offer.needs_customs
    assert "Northern Ireland" in offer.postcode_reason


def test_london_is_not_northern_ireland() -> None:
    offer = shipping.quote("GB", [DISC], Decimal("5.00"), "W1A 1BT")
    assert offer.refused_code == "country_not_served"
    assert not offer.needs_postcode


def test_the_united_states_wait_for_the_carrier() -> None:
    offer = shipping.quote("US", [DISC], Decimal("5.00"), "10001")
    assert offer.options == ()
    assert "suspended" in offer.refused_reason
    ZoneCountry.objects.filter(country="US").update(is_enabled=True)
    cache.clear()
    assert price("US", DISC) == Decimal("11.90")


@pytest.mark.parametrize(
    ("country", "postcode", "is_exception"),
    [
        ("ES", "35001", True),
        ("ES", "38-670", True),
        ("ES", "51001", True),
        ("ES", "28001", False),
        ("FI", "FI-22100", True),
        ("FI", "00220", False),
        ("FR", "97400", True),
        ("FR", "75001", False),
        ("DE", "27498", True),
        ("DE", "274981", False),
        ("IT", "23041", True),
        ("GR", "630 86", True),
        ("GR", "11741", False),
    ],
)
def test_postcodes_outside_the_eu_vat_area(country: str, postcode: str, is_exception: bool) -> None:
    offer = shipping.quote(country, [DISC], Decimal("5.00"), postcode)
    assert offer.default is not None
    assert offer.needs_customs is is_exception
    assert offer.is_eu_vat is not is_exception
    assert bool(offer.postcode_reason) is is_exception


def test_a_postcode_can_be_refused() -> None:
    PostcodeRule.objects.create(
        country="PT",
        pattern="^9",
        is_refused=True,
        reason_en="No tracked post to the islands",
        reason_el="Όχι στα νησιά",
    )
    cache.clear()
    assert shipping.quote("PT", [DISC], Decimal("5.00")).needs_postcode
    offer = shipping.quote("PT", [DISC], Decimal("5.00"), "9000-001")
    assert (offer.options, offer.refused_code) == ((), "postcode_not_served")
    assert offer.refused_reason == "No tracked post to the islands"
    assert shipping.quote("PT", [DISC], Decimal("5.00"), "1000-001").default is not None


def test_a_country_in_no_zone_is_refused_by_name() -> None:
    offer = shipping.quote("AQ", [DISC], Decimal("5.00"))
    assert (offer.zone, offer.refused_code) == ("", "country_not_served")
    assert "Antarctica" in offer.refused_reason


def test_a_zone_switched_off_is_refused() -> None:
    Zone.objects.filter(code="ROW").update(is_enabled=False)
    cache.clear()
    assert shipping.quote("JP", [DISC], Decimal("5.00")).refused_code == "country_not_served"


def test_a_gap_between_bands_is_no_price() -> None:
    ShippingRate.objects.filter(zone__code="EU", over_g=250).delete()
    cache.clear()
    assert price("DE", 300) is None
    assert price("DE", 600) == Decimal("16.90")


def test_one_more_disc_often_adds_nothing() -> None:
    def adds(*weights_g: int, goods: str = "5.00") -> Decimal | None:
        return shipping.marginal("DE", weights_g, Decimal(goods), extra_weight_g=DISC, extra_goods_eur=Decimal("5.00"))

    assert adds(DISC) == Decimal("0.00")
    assert adds(DISC, DISC) == Decimal("3.00")
    assert adds(DISC, goods="85.00") == Decimal("-8.90")


def test_one_more_disc_has_no_price_where_nothing_goes() -> None:
    assert shipping.marginal("US", [DISC], Decimal("5.00"), extra_weight_g=DISC) is None
    assert shipping.marginal("DE", [DISC], Decimal("5.00"), extra_weight_g=3000) is None


@pytest.mark.parametrize("weights_g", [[], [0], [100, -1]])
def test_pieces_weigh_something(weights_g: list[int]) -> None:
    with pytest.raises(ValueError, match="weigh"):
        shipping.quote("DE", weights_g, Decimal("5.00"))


def test_a_second_quote_asks_the_database_nothing(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    shipping.country_choices()
    with django_assert_num_queries(0):
        shipping.quote("FR", [DISC, DISC], Decimal("5.00"))
        shipping.country_choices()


def test_texts_follow_the_language() -> None:
    with override("el"):
        offer = shipping.quote("DE", [DISC], Decimal("5.00"))
        assert offer.default is not None
        assert offer.default.name == "Συστημένο ταχυδρομείο, με παρακολούθηση"
        assert "ανέστειλαν" in shipping.quote("US", [DISC], Decimal("5.00")).refused_reason


def test_countries_are_sorted_by_their_name_in_the_language() -> None:
    english = [choice.name for choice in shipping.country_choices()]
    assert (
        english.index("Åland Islands") < english.index("Albania") < english.index("Germany") < english.index("Kosovo")
    )
    with override("el"):
        greek = [choice.name for choice in shipping.country_choices()]
    assert greek.index("Αίγυπτος") < greek.index("Γερμανία") < greek.index("Ελλάδα") < greek.index("Ιαπωνία")


def test_choices_say_where_we_ship() -> None:
    served = {choice.code: choice.is_served for choice in shipping.country_choices()}
    assert (served["DE"], served["US"], served["AQ"]) == (True, False, False)
    assert served["GB"], "Northern Ireland is served: the postcode decides"
    assert [name for name, _reason in shipping.refusals()] == ["United Kingdom", "United States"]
    with override("el"):
        assert [name for name, _reason in shipping.refusals()] == ["Ηνωμένες Πολιτείες", "Ηνωμένο Βασίλειο"]


def test_packaging_gives_a_weight() -> None:
    assert tariff.default_weight_g("slimcase") == 65
    assert tariff.default_weight_g("drawer") == 100


def test_the_example_never_replaces_a_tariff() -> None:
    FreeShipping.objects.all().delete()
    assert not tariff.load_example()
    assert not FreeShipping.objects.exists()


@pytest.mark.parametrize(("over_g", "up_to_g"), [(50, 60), (99, 101), (0, 3000), (1999, 2500)])
def test_the_database_refuses_overlapping_bands(over_g: int, up_to_g: int) -> None:
    zone, method = Zone.objects.get(code="EU"), Method.objects.get(code="post_tracked")
    band = ShippingRate(method=method, zone=zone, over_g=over_g, up_to_g=up_to_g, price=1, days_min=1, days_max=2)
    with connection.cursor() as cursor, transaction.atomic():
        band.save()
        with pytest.raises(IntegrityError, match="weight_bands_do_not_overlap"), transaction.atomic():
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        band.delete()


def test_bands_may_touch() -> None:
    zone, method = Zone.objects.get(code="EU"), Method.objects.get(code="post_tracked")
    band = ShippingRate(method=method, zone=zone, over_g=2000, up_to_g=2500, price=1, days_min=1, days_max=2)
    band.full_clean()
    band.save()
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


def test_a_country_is_in_one_zone_only() -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        ZoneCountry.objects.create(zone=Zone.objects.get(code="ROW"), country="DE")
