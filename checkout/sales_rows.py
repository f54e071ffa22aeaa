"""What the sales book says of an invoice or a credit note, row by row; written once, with the paper itself.

The rows of a paper add up to its total, in euro and in the order's currency. They hold costs and the VAT on margins:
never for a buyer's eyes.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from decimal import Decimal
from typing import Any

from checkout import tax
from checkout.models import Credit, Order, OrderLine
from checkout.models.order import TaxTreatment
from checkout.money import apportion, convert, total

ZERO = Decimal("0.00")
# A voucher is taxed when it is spent, not when it is bought (Directive 2006/112/EC, article 30b).
VOUCHER = "voucher"


@dataclass(frozen=True, slots=True)
class SalesRow:
    """One line of a paper: `gross` with its share of the shipping; credited amounts and their VAT are below zero."""

    sku: str
    title: str
    treatment: str
    country: str
    rate: Decimal
    gross_eur: Decimal
    gross_amount: Decimal
    cost_eur: Decimal | None
    margin_eur: Decimal | None
    vat_eur: Decimal

    def as_json(self) -> dict[str, Any]:
        return {name: str(value) if isinstance(value, Decimal) else value for name, value in asdict(self).items()}


def rows_of_invoice(order: Order) -> list[SalesRow]:
    """Everything an order sold: its lines with their shipping, and the gift vouchers bought."""
    lines = _lines_of(order)
    shares_eur = _shipping_shares(order, lines)
    # Joining a parcel may have made it cheaper: shares are below zero then, all of them.
    weights = [abs(share) for share in shares_eur]
    shares = apportion(order.shipping_amount - order.shipping_discount_amount, weights, order.currency)
    rows = [
        _row(
            line,
            gross_eur=line.paid_eur + share_eur,
            gross_amount=line.paid_amount + share,
            cost_eur=line.cost_eur,
            vat_eur=line.tax_eur,
        )
        for line, share_eur, share in zip(lines, shares_eur, shares, strict=True)
    ]
    for voucher in order.bought_vouchers.order_by("pk"):
        amount = convert(voucher.amount_eur, order.rate, order.currency)
        rows.append(_voucher_row(voucher.amount_eur, amount))
    return rows


def rows_of_credit(credit: Credit) -> list[SalesRow]:
    """What a credit takes back of each line, and of the VAT each line contained before this credit."""
    order = credit.order
    lines = _lines_of(order)
    kept = {line.pk: _Kept(line, share) for line, share in zip(lines, _shipping_shares(order, lines), strict=True)}
    for earlier in order.credits.filter(pk__lt=credit.pk).order_by("pk"):
        _take_back(earlier, list(kept.values()))
    rows = _take_back(credit, list(kept.values()))
    other_eur = credit.goods_eur - total(row.amount_eur for row in credit.lines.all())
    other = credit.goods_amount - total(row.amount for row in credit.lines.all())
    if other_eur or other:
        rows.append(_voucher_row(-other_eur, -other))
    return rows


class _Kept:
    """What is left of a line between one credit and the next (EUR)."""

    def __init__(self, line: OrderLine, share: Decimal) -> None:
        self.line = line
        self.goods = line.paid_eur
        self.share = share
        self.vat = line.tax_eur

    def take(self, goods: Decimal, share: Decimal) -> Decimal:
        """Take this much back; returns the VAT that goes with it."""
        self.goods -= goods
        self.share -= share
        # A piece credited whole goes into stock with its cost: what is kept of the shipping has no cost to set off.
        is_given_back = bool(goods) and not self.goods
        contained = tax.contained(
            self.line.tax_treatment,
            gross_eur=self.goods + self.share,
            rate=self.line.tax_rate,
            cost_eur=ZERO if is_given_back else self.line.cost_eur,
        )
        before, self.vat = self.vat, min(contained, self.vat)
        return before - self.vat


def _take_back(credit: Credit, kept: Sequence[_Kept]) -> list[SalesRow]:
    credited = {row.line_id: row for row in credit.lines.all()}
    shares_eur = apportion(credit.shipping_eur, [max(one.share, ZERO) for one in kept]) if kept else []
    shares = apportion(credit.shipping_amount, shares_eur, credit.order.currency) if kept else []
    rows = []
    for one, share_eur, share in zip(kept, shares_eur, shares, strict=True):
        found = credited.get(one.line.pk)
        goods_eur, goods = (found.amount_eur, found.amount) if found else (ZERO, ZERO)
        if not (goods_eur or goods or share_eur or share):
            continue
        vat_eur = one.take(goods_eur, share_eur)
        is_given_back = not one.goods
        rows.append(
            _row(
                one.line,
                gross_eur=-(goods_eur + share_eur),
                gross_amount=-(goods + share),
                cost_eur=-one.line.cost_eur if is_given_back and one.line.cost_eur is not None else None,
                vat_eur=-vat_eur,
            )
        )
    return rows


def _row(
    line: OrderLine, *, gross_eur: Decimal, gross_amount: Decimal, cost_eur: Decimal | None, vat_eur: Decimal
) -> SalesRow:
    is_margin = line.tax_treatment == TaxTreatment.MARGIN
    return SalesRow(
        sku=line.sku,
        title=line.title,
        treatment=line.tax_treatment,
        country=line.tax_country,
        rate=line.tax_rate,
        gross_eur=gross_eur,
        gross_amount=gross_amount,
        cost_eur=cost_eur,
        margin_eur=gross_eur - (cost_eur or ZERO) if is_margin else None,
        vat_eur=vat_eur,
    )


def _voucher_row(gross_eur: Decimal, gross_amount: Decimal) -> SalesRow:
    return SalesRow("", "", VOUCHER, "", ZERO, gross_eur, gross_amount, None, None, ZERO)


def _lines_of(order: Order) -> list[OrderLine]:
    return list(order.lines.order_by("position", "pk"))


def _shipping_shares(order: Order, lines: Sequence[OrderLine]) -> list[Decimal]:
    """The lines' shares of the shipping (EUR)."""
    shares = [line.shipping_share_eur for line in lines]
    shipping_eur = order.shipping_eur - order.shipping_discount_eur
    if total(shares) == shipping_eur:
        return shares
    # Placed before lines knew their share.
    return apportion(shipping_eur, [line.paid_eur for line in lines])
