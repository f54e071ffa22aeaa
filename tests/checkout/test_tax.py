"""How the lines of an order are taxed: every treatment by country, purchase and setting."""

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import time_machine
from hypothesis import given
from hypothesis import strategies as st

from catalog.models import Listing, PurchaseRecord
from checkout import tariff, tax
from checkout.models import Order, OrderAddress, OrderLine
from checkout.models.order import TaxTreatment
from checkout.models.shipping import ZoneCountry
from checkout.money import apportion, contained_tax
from shop.models import ShopSettings
from tests.catalog.pieces import a_listed_piece
from tests.checkout.sold import Sold, bring_back, sell

ATHENS = ZoneInfo("Europe/Athens")
POSTCODES = {
    "GR": "11742",
    "DE": "10119",
    "FI": "00100",
    "ES": "28001",
    "CH": "8001",
    "GB": "EC1A 1BB",
    "JP": "1000001",
}


def a_shop(**settings: Any) -> None:
    ShopSettings(**settings).save()


def a_piece(scheme: str = "margin") -> Listing:
    piece = a_listed_piece()
    piece.tax_scheme = scheme
    return piece


def bought(piece: Listing, *, cost: str | None = "2.00", seller: str = "private") -> Listing:
    PurchaseRecord.objects.create(listing=piece, cost_eur=cost and Decimal(cost), seller_kind=seller)
    return piece


def an_order_to(
    country: str, postcode: str | None = None, *, shipping: str = "0.00", discount: str = "0.00", method: str = ""
) -> Order:
    order = Order.objects.create(
        visitor_key="v" * 64, shipping_eur=Decimal(shipping), total_eur=Decimal(shipping), shipping_method=method
    )
    order.shipping_discount_eur = Decimal(discount)
    order.addresses.create(
        kind=OrderAddress.Kind.SHIPPING, name="A", line1="B", city="C", country=country,
        postcode=POSTCODES.get(country, "1000") if postcode is None else postcode,
    )  # fmt: skip
    return order


def a_line(piece: Listing, price: str = "10.00", **fields: Any) -> OrderLine:
    return OrderLine(
        listing=piece, price_eur=Decimal(price), price_amount=Decimal(price), tax_scheme=piece.tax_scheme, **fields
    )


def frozen(order: Order, *lines: OrderLine) -> list[tuple[str, str, Decimal, Decimal]]:
    tax.freeze(order, lines)
    return [(line.tax_treatment, line.tax_country, line.tax_rate, line.tax_eur) for line in lines]


def row(treatment: str, country: str, rate: str, amount: str) -> list[tuple[str, str, Decimal, Decimal]]:
    return [(treatment, country, Decimal(rate), Decimal(amount))]


@pytest.mark.django_db
@pytest.mark.usefixtures("shippable")
@pytest.mark.parametrize(
    ("vat_mode", "oss_mode", "scheme", "country", "postcode", "expected"),
    [
        ("not_registered", "always", "margin", "GR", None, ("exempt", "GR", "0", "0")),
        ("not_registered", "always", "standard", "DE", None, ("exempt", "GR", "0", "0")),
        ("not_registered", "always", "margin", "CH", None, ("exempt", "GR", "0", "0")),
        # 10 − 2 = 8; 8 × 24 / 124
        ("margin", "never", "margin", "GR", None, ("margin", "GR", "24", "1.55")),
        ("margin", "always", "margin", "DE", None, ("margin", "GR", "24", "1.55")),
        ("margin", "never", "margin", "CH", None, ("export", "CH", "0", "0")),
        ("margin", "never", "margin", "JP", None, ("export", "JP", "0", "0")),
        ("margin", "never", "margin", "GB", None, ("export", "GB", "0", "0")),
        # 10 × 24 / 124; 10 × 19 / 119; 10 × 25.5 / 125.5; 10 × 20 / 120
        ("margin", "never", "standard", "GR", None, ("standard", "GR", "24", "1.94")),
        ("margin", "never", "standard", "DE", None, ("standard", "GR", "24", "1.94")),
        ("margin", "always", "standard", "DE", None, ("oss", "DE", "19", "1.60")),
        ("margin", "always", "standard", "FI", None, ("oss", "FI", "25.5", "2.03")),
        ("margin", "always", "standard", "GR", None, ("standard", "GR", "24", "1.94")),
        ("margin", "always", "standard", "JP", None, ("export", "JP", "0", "0")),
        ("margin", "threshold", "standard", "DE", None, ("standard", "GR", "24", "1.94")),
        # A shop that charges VAT on everything does not use the margin scheme, whatever stands on the piece.
        ("standard", "never", "margin", "GR", None, ("standard", "GR", "24", "1.94")),
        ("standard", "always", "margin", "DE", None, ("oss", "DE", "19", "1.60")),
        # "No VAT" on a piece means nothing once the seller is registered.
        ("margin", "never", "exempt", "GR", None, ("standard", "GR", "24", "1.94")),
        # Member states' territories outside the VAT area, and Northern Ireland inside it.
        ("margin", "always", "standard", "ES", "35001", ("export", "ES", "0", "0")),
        ("margin", "always", "margin", "ES", "35001", ("export", "ES", "0", "0")),
        ("margin", "always", "standard", "ES", None, ("oss", "ES", "21", "1.74")),
        ("margin", "always", "standard", "FI", "22100", ("export", "FI", "0", "0")),
        ("margin", "always", "standard", "DE", "78266", ("export", "DE", "0", "0")),
        ("margin", "always", "standard", "GR", "63086", ("export", "GR", "0", "0")),
        ("margin", "always", "standard", "GB", "BT1 1AA", ("oss", "XI", "20", "1.67")),
        ("margin", "never", "standard", "GB", "BT1 1AA", ("standard", "GR", "24", "1.94")),
        ("margin", "always", "margin", "GB", "BT1 1AA", ("margin", "GR", "24", "1.55")),
    ],
)
def test_treatment_by_seller_scheme_and_destination(
    vat_mode: str, oss_mode: str, scheme: str, country: str, postcode: str | None, expected: tuple[str, str, str, str]
) -> None:
    a_shop(vat_mode=vat_mode, oss_mode=oss_mode)
    piece = bought(a_piece(scheme))
    assert frozen(an_order_to(country, postcode), a_line(piece)) == row(*expected)


@pytest.mark.django_db
@pytest.mark.usefixtures("shippable")
@pytest.mark.parametrize(
    ("seller", "cost", "treatment"),
    [
        ("private", "2.00", TaxTreatment.MARGIN),
        ("exempt_business", "2.00", TaxTreatment.MARGIN),
        ("margin_dealer", "2.00", TaxTreatment.MARGIN),
        ("own", "2.00", TaxTreatment.MARGIN),
        ("own", "0.00", TaxTreatment.MARGIN),
        ("vat_business", "2.00", TaxTreatment.STANDARD),
        ("private", None, TaxTreatment.STANDARD),
    ],
)
def test_the_margin_scheme_asks_for_a_purchase_that_allows_it(seller: str, cost: str | None, treatment: str) -> None:
    line = a_line(bought(a_piece(), cost=cost, seller=seller))
    frozen(an_order_to("GR"), line)
    assert line.tax_treatment == treatment
    assert line.cost_eur == (cost and Decimal(cost))


@pytest.mark.django_db
@pytest.mark.usefixtures("shippable")
def test_a_piece_without_a_purchase_record_is_taxed_in_full() -> None:
    assert frozen(an_order_to("GR"), a_line(a_piece())) == row("standard", "GR", "24", "1.94")


@pytest.mark.django_db
@pytest.mark.usefixtures("shippable")
def test_a_piece_sold_at_a_loss_owes_nothing_and_helps_no_other() -> None:
    order = an_order_to("GR")
    lost = a_line(bought(a_piece(), cost="30.00"))
    gained = a_line(bought(a_piece(), cost="2.00"))
    assert [line[3] for line in frozen(order, lost, gained)] == [Decimal("0.00"), Decimal("1.55")]


@pytest.mark.django_db
@pytest.mark.usefixtures("shippable")
def test_the_margin_has_its_share_of_the_shipping_and_only_what_is_paid() -> None:
    order = an_order_to("GR", shipping="8.90", discount="2.90")
    line = a_line(bought(a_piece()), coupon_eur=Decimal("1.50"), points_eur=Decimal("0.50"))
    # 10 − 1.50 − 0.50 + 6.00 shipping − 2 cost = 12; 12 × 24 / 124
    assert frozen(order, line) == row("margin", "GR", "24", "2.32")
    assert line.shipping_share_eur == Decimal("6.00")


@pytest.mark.django_db
@pytest.mark.usefixtures("shippable")
def test_shipping_is_shared_out_to_the_cent_by_what_is_paid() -> None:
    order = an_order_to("DE", shipping="10.00")
    lines = [a_line(a_piece(), price) for price in ("5.00", "5.00", "5.00")]
    frozen(order, *lines)
    assert [line.shipping_share_eur for line in lines] == [Decimal("3.33"), Decimal("3.34"), Decimal("3.33")]


@pytest.mark.django_db
@pytest.mark.usefixtures("shippable")
def test_pieces_collected_in_athens_are_sold_at_home() -> None:
    order = an_order_to("GR", "63086", method="pickup")
    assert frozen(order, a_line(a_piece()))[0][:2] == ("standard", "GR")


@pytest.mark.django_db
@pytest.mark.usefixtures("shippable")
def test_a_country_put_into_the_vat_area_without_a_rate_is_taxed_at_home() -> None:
    a_shop(oss_mode="always")
    place = ZoneCountry.objects.get(country="CH")
    place.zone.is_eu_vat = True
    place.zone.save()
    tariff.changed()
    assert frozen(an_order_to("CH"), a_line(a_piece())) == row("standard", "GR", "24", "1.94")


@pytest.mark.django_db
@pytest.mark.usefixtures("shippable")
def test_an_order_of_vouchers_alone_has_no_lines_to_tax() -> None:
    assert frozen(an_order_to("DE")) == []


# The threshold


def sold_before(
    net: str, *, country: str = "DE", scheme: str = "standard", oss_mode: str = "never",
    paid_at: datetime = datetime(2026, 2, 1, tzinfo=ATHENS), is_returned: bool = False,
) -> None:  # fmt: skip
    a_shop(oss_mode=oss_mode)
    rate = Decimal("1.19") if oss_mode == "always" else Decimal("1.24")
    gross = (Decimal(net) * rate).quantize(Decimal("0.01"))
    order = sell(Sold(str(gross), scheme=scheme), country=country, at=paid_at)
    if is_returned:
        bring_back(order)


NOW = datetime(2026, 11, 22, 12, tzinfo=ATHENS)


@pytest.mark.django_db
@pytest.mark.usefixtures("shippable")
@pytest.mark.parametrize(
    ("sales", "expected"),
    [
        ([], "standard"),
        # This sale is 8.06 without VAT: it is the one that passes the threshold, or it is not.
        ([{"net": "9991.94"}], "standard"),
        ([{"net": "9991.95"}], "oss"),
        ([{"net": "10001", "paid_at": datetime(2025, 1, 1, 0, 30, tzinfo=ATHENS)}], "oss"),
        ([{"net": "10000", "paid_at": datetime(2025, 6, 1, tzinfo=ATHENS)}], "standard"),
        ([{"net": "99999", "paid_at": datetime(2024, 12, 31, 23, 30, tzinfo=ATHENS)}], "standard"),
        # At home, under the margin scheme, exported, or given back: no distance sale.
        ([{"net": "99999", "country": "GR"}], "standard"),
        ([{"net": "99999", "scheme": "margin"}], "standard"),
        ([{"net": "99999", "country": "CH"}], "standard"),
        ([{"net": "99999", "is_returned": True}], "standard"),
        # Once passed, what was sold under OSS counts on.
        ([{"net": "6000"}, {"net": "6000", "oss_mode": "always"}], "oss"),
    ],
)
def test_the_threshold_counts_distance_sales_of_this_year_and_the_last(
    sales: Iterable[dict[str, Any]], expected: str
) -> None:
    for sale in sales:
        sold_before(**sale)
    a_shop(oss_mode="threshold")
    with time_machine.travel(NOW, tick=False):
        assert frozen(an_order_to("DE"), a_line(a_piece("standard")))[0][0] == expected


@pytest.mark.django_db
@pytest.mark.usefixtures("shippable")
def test_pieces_under_the_margin_scheme_do_not_push_the_others_over_the_threshold() -> None:
    a_shop(oss_mode="threshold")
    with time_machine.travel(NOW, tick=False):
        dear = a_line(bought(a_piece()), "90000.00")
        standard = a_line(a_piece("standard"))
        assert [line[0] for line in frozen(an_order_to("DE"), dear, standard)] == ["margin", "standard"]


# Arithmetic


def test_every_member_state_of_the_example_tariff_has_a_rate() -> None:
    zones = tariff.json.loads(tariff.EXAMPLE.read_text(encoding="utf-8"))["zones"]
    members = {place["country"] for zone in zones if zone["is_eu_vat"] for place in zone["countries"]}
    assert len(members) == 27
    assert members <= set(tax.STANDARD_RATES)


cents = st.decimals("0", "9999.99", places=2)
rates = st.decimals("0", "99.99", places=2)


@given(gross=cents, cost=st.none() | cents, rate=rates, treatment=st.sampled_from(TaxTreatment.values))
def test_contained_tax_is_never_negative_nor_more_than_is_paid(
    gross: Decimal, cost: Decimal | None, rate: Decimal, treatment: str
) -> None:
    assert 0 <= tax.contained(treatment, gross_eur=gross, rate=rate, cost_eur=cost) <= gross


@given(amount=cents, weights=st.lists(cents, min_size=1, max_size=12))
def test_shares_add_up_and_stay_within_a_cent_of_proportion(amount: Decimal, weights: list[Decimal]) -> None:
    shares = apportion(amount, weights)
    assert sum(shares) == amount
    assert min(shares) >= 0
    if whole := sum(weights):
        for share, weight in zip(shares, weights, strict=True):
            assert abs(share - amount * weight / whole) <= Decimal("0.0101")


def test_shares_need_weights_that_make_sense() -> None:
    assert apportion(Decimal("0.00"), []) == []
    with pytest.raises(ValueError, match="not negative"):
        apportion(Decimal("1.00"), [])
    with pytest.raises(ValueError, match="not negative"):
        apportion(Decimal("1.00"), [Decimal(2), Decimal(-1)])


@pytest.mark.parametrize(
    ("gross", "rate", "currency", "expected"),
    [
        ("124.00", "24", "EUR", "24.00"),
        ("5.00", "24", "EUR", "0.97"),
        ("-5.00", "24", "EUR", "-0.97"),
        ("878", "19", "JPY", "140"),
        ("10.00", "0", "EUR", "0.00"),
    ],
)
def test_tax_contained_in_a_gross_amount(gross: str, rate: str, currency: str, expected: str) -> None:
    assert str(contained_tax(Decimal(gross), Decimal(rate), currency)) == expected


@pytest.mark.parametrize("rate", ["-1", "NaN", "Infinity"])
def test_no_tax_at_a_rate_that_is_none(rate: str) -> None:
    with pytest.raises(ValueError, match="not a rate of tax"):
        contained_tax(Decimal(1), Decimal(rate))
