"""How each line of an order is taxed, decided once, when the order is placed.

Prices do not depend on it: whatever VAT there is, is contained in what the buyer pays. Rates of other countries are
those of fixtures/eu_vat_standard.json, with their source and date; the rate at home is a setting.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Any

import structlog
from django.db.models import F, Sum
from django.utils import timezone

from catalog.models import PurchaseRecord
from catalog.vocabularies import SellerKind, TaxScheme
from checkout import shipping
from checkout.models import Order, OrderAddress, OrderLine
from checkout.models.order import HOLDING_STATES, TaxTreatment
from checkout.money import apportion, contained_tax, total
from shop.models import OssMode, SellerVatMode, ShopSettings

log = structlog.get_logger(__name__)

# From whom a piece must come for the margin scheme (Directive 2006/112/EC, article 314). A business that charged VAT on
# its sale rules the scheme out. The owner's own collection comes from a private person: themselves.
MARGIN_SELLERS = frozenset(
    {SellerKind.PRIVATE, SellerKind.EXEMPT_BUSINESS, SellerKind.MARGIN_DEALER, SellerKind.OWN},
)
NO_TAX = (TaxTreatment.EXPORT, TaxTreatment.EXEMPT)
# What the Union's VAT rules call Northern Ireland, which they treat as a member state for goods.
NORTHERN_IRELAND = "XI"
_TABLE = Path(__file__).resolve().parent.parent / "fixtures" / "eu_vat_standard.json"


def _read_rates(table: Mapping[str, Any]) -> Mapping[str, Decimal]:
    rates = {**table["standard"], **table["treated_as"]["standard"]}
    return MappingProxyType({country: Decimal(rate) for country, rate in rates.items()})


STANDARD_RATES: Mapping[str, Decimal] = _read_rates(json.loads(_TABLE.read_text(encoding="utf-8")))


@dataclass(frozen=True, slots=True)
class Taxed:
    """How a line is taxed: `country` is where, `rate` is in percent."""

    treatment: TaxTreatment
    country: str
    rate: Decimal


def freeze(order: Order, lines: Sequence[OrderLine]) -> None:
    """Set how the lines of an order about to be placed are taxed, what they cost, and their shares of the shipping.

    The order has its amounts, its addresses and its shipping method; the lines, not stored yet, have what is paid for
    them and their scheme. Amounts are EUR.
    """
    purchases = PurchaseRecord.objects.in_bulk([line.listing_id for line in lines], field_name="listing_id")
    shares = apportion(order.shipping_eur - order.shipping_discount_eur, [line.paid_eur for line in lines])
    for line, share in zip(lines, shares, strict=True):
        purchase = purchases.get(line.listing_id)
        line.cost_eur = purchase.cost_eur if purchase else None
        line.shipping_share_eur = share
    sale = _Sale(order, lines, purchases, ShopSettings.current())
    for line in lines:
        taxed = sale.taxed(line)
        line.tax_treatment = taxed.treatment
        line.tax_country = taxed.country
        line.tax_rate = taxed.rate
        line.tax_eur = contained(taxed.treatment, gross_eur=gross_of(line), rate=taxed.rate, cost_eur=line.cost_eur)


def gross_of(line: OrderLine) -> Decimal:
    """What the buyer pays for a line (EUR): its price less coupon and points, and its share of the shipping.

    Shipping is part of the taxable amount and of the selling price (Directive 2006/112/EC, articles 78 and 312); a
    gift voucher is a way to pay and lowers neither.
    """
    return line.paid_eur + line.shipping_share_eur


def contained(treatment: str, *, gross_eur: Decimal, rate: Decimal, cost_eur: Decimal | None) -> Decimal:
    """Return the VAT contained in a line's gross amount (EUR); of the margin alone under the margin scheme."""
    if treatment in NO_TAX:
        return Decimal("0.00")
    if treatment == TaxTreatment.MARGIN:
        # A piece sold at a loss owes nothing, and its loss lowers no other piece's margin (article 315).
        return contained_tax(max(gross_eur - (cost_eur or Decimal(0)), Decimal(0)), rate)
    return contained_tax(gross_eur, rate)


class _Sale:
    """One order on its way to the buyer, as far as VAT is concerned."""

    def __init__(
        self,
        order: Order,
        lines: Sequence[OrderLine],
        purchases: Mapping[int, PurchaseRecord],
        settings: ShopSettings,
    ) -> None:
        self.lines = lines
        self.purchases = purchases
        self.settings = settings
        self.home = settings.seller_country
        self.country, self.is_in_eu = _destination(order, self.home)

    def taxed(self, line: OrderLine) -> Taxed:
        if self.settings.vat_mode == SellerVatMode.NOT_REGISTERED:
            return Taxed(TaxTreatment.EXEMPT, self.home, Decimal(0))
        if not self.is_in_eu:
            return Taxed(TaxTreatment.EXPORT, self.country, Decimal(0))
        if self._is_under_margin_scheme(line):
            return Taxed(TaxTreatment.MARGIN, self.home, self.settings.vat_rate)
        if self.country != self.home and self._is_taxed_at_destination:
            return Taxed(TaxTreatment.OSS, self.country, STANDARD_RATES[self.country])
        return Taxed(TaxTreatment.STANDARD, self.home, self.settings.vat_rate)

    def _is_under_margin_scheme(self, line: OrderLine) -> bool:
        purchase = self.purchases.get(line.listing_id)
        return (
            self.settings.vat_mode == SellerVatMode.MARGIN
            and line.tax_scheme == TaxScheme.MARGIN
            and purchase is not None
            and purchase.cost_eur is not None
            and purchase.seller_kind in MARGIN_SELLERS
        )

    @cached_property
    def _is_taxed_at_destination(self) -> bool:
        if self.country not in STANDARD_RATES:
            # Staff put a country into the VAT area that has no rate here: a sale must not fail for it.
            log.error("vat_rate_unknown", country=self.country)
            return False
        if self.settings.oss_mode == OssMode.THRESHOLD:
            return self._is_threshold_exceeded()
        return self.settings.oss_mode == OssMode.ALWAYS

    def _is_threshold_exceeded(self) -> bool:
        """Whether sales to other EU countries, without VAT, pass the threshold: last year's, or this year's with these.

        The sale that passes it is itself taxed at its destination (Directive 2006/112/EC, article 59c). Goods under
        the margin scheme are no distance sales (article 35) and do not count.
        """
        year = timezone.localtime().year
        threshold = self.settings.oss_threshold_eur
        if sold_to_other_countries_eur(year - 1, home=self.home) > threshold:
            return True
        counting = (gross_of(line) for line in self.lines if not self._is_under_margin_scheme(line))
        this_sale = total(gross - contained_tax(gross, self.settings.vat_rate) for gross in counting)
        return sold_to_other_countries_eur(year, home=self.home) + this_sale > threshold


def sold_to_other_countries_eur(year: int, *, home: str) -> Decimal:
    """Return what was sold to other EU countries in a calendar year outside the margin scheme, without VAT (EUR).

    A sale counts from its payment (article 66a), and no longer once cancelled or returned.
    """
    lines = OrderLine.objects.filter(
        order__paid_at__year=year,
        order__state__in=HOLDING_STATES,
        returned_at__isnull=True,
        tax_treatment__in=(TaxTreatment.STANDARD, TaxTreatment.OSS),
        order__addresses__kind=OrderAddress.Kind.SHIPPING,
    ).exclude(order__addresses__country=home)
    net = F("price_eur") - F("coupon_eur") - F("points_eur") + F("shipping_share_eur") - F("tax_eur")
    return lines.aggregate(net=Sum(net))["net"] or Decimal(0)


def _destination(order: Order, home: str) -> tuple[str, bool]:
    """Where the pieces change hands, and whether that is inside the EU's VAT area."""
    address = order.shipping_address
    if address is None or shipping.is_pickup(order.shipping_method):
        return home, True
    country = address.country.code
    is_in_eu = shipping.is_in_eu_vat_area(country, address.postcode)
    return (NORTHERN_IRELAND if country == "GB" and is_in_eu else country), is_in_eu
