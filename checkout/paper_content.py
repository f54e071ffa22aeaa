"""What is printed on an invoice or a credit note: plain texts, complete, in the buyer's language.

Made once, when the paper is issued, and kept with it: whatever changes later, the paper prints the same. No VAT is
named for a line under the margin scheme (Directive 2006/112/EC, article 325).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from babel.dates import format_date
from babel.numbers import format_decimal
from django.utils import timezone
from django.utils.translation import gettext as _

from checkout import tariff
from checkout.addresses import written
from checkout.gateways import offered
from checkout.models import Credit, Order, OrderAddress, Paper
from checkout.models.order import TaxTreatment
from checkout.money import BASE_CURRENCY, format_amount, total
from checkout.sales_rows import VOUCHER, SalesRow
from checkout.tax import NORTHERN_IRELAND
from shop.models import ShopSettings

TAXED = (TaxTreatment.STANDARD, TaxTreatment.OSS)
Content = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Words:
    """How amounts, dates and places are written in one language and an order's currency."""

    language: str
    currency: str

    def amount(self, amount: Decimal) -> str:
        return format_amount(amount, self.currency, self.language)

    def euro(self, amount: Decimal) -> str:
        return format_amount(amount, BASE_CURRENCY, self.language)

    def day(self, day: date) -> str:
        return format_date(day, "d MMMM y", locale=self.language)

    def day_of(self, moment: datetime) -> str:
        return self.day(timezone.localtime(moment).date())

    def number(self, number: Decimal) -> str:
        text: str = format_decimal(number, format="#,##0.######", locale=self.language)
        return text

    def country(self, code: str) -> str:
        """The country's name; codes of countries that are no more, such as SU, stand for themselves."""
        if code == NORTHERN_IRELAND:
            return _("Northern Ireland")
        return tariff.country_names(self.language).get(code, code)


def of_invoice(order: Order, rows: Sequence[SalesRow], *, label: str, issued_at: datetime) -> Content:
    """The invoice of a paid order; the language in force is the order's."""
    words = Words(order.language, order.currency)
    return {
        **_frame(order, words, _("Invoice"), label, issued_at),
        "facts": _facts(
            (_("Invoice number"), label),
            (_("Date"), words.day_of(issued_at)),
            (_("Order"), order.number),
            (_("Ordered on"), words.day_of(order.placed_at) if order.placed_at else ""),
            (_("Paid on"), words.day_of(order.paid_at) if order.paid_at else ""),
        ),
        **_table(order, _sold(order, rows), rows, words),
        "sums": _sums(order, words),
        "payments": _payments(order, words),
        "notes": [*_tax_notes(order, rows), *_rate_note(order, words, order.total_eur)],
    }


def of_credit_note(
    credit: Credit, rows: Sequence[SalesRow], *, label: str, issued_at: datetime, invoice: Paper
) -> Content:
    """The credit note of a credit, with the invoice it corrects; the language in force is the order's."""
    order = credit.order
    words = Words(order.language, order.currency)
    credited = {row.line.sku: row.amount for row in credit.lines.select_related("line")}
    amounts = [-row.gross_amount if row.treatment == VOUCHER else credited.get(row.sku) for row in rows]
    listed = [(row, amount) for row, amount in zip(rows, amounts, strict=True) if amount]
    return {
        **_frame(order, words, _("Credit note"), label, issued_at),
        "facts": _facts(
            (_("Credit note number"), label),
            (_("Date"), words.day_of(issued_at)),
            (_("For invoice"), invoice.label),
            (_("Issued on"), words.day_of(invoice.issued_at)),
            (_("Order"), order.number),
            (_("Reason"), credit.reason),
        ),
        **_table(order, listed, rows, words),
        "sums": _sums_of_credit(credit, words),
        "payments": _pairs(
            (_("Returned by the way it was paid"), credit.money_amount, words),
            (_("Returned to the gift voucher"), credit.voucher_amount, words),
        ),
        "notes": [*_tax_notes(order, rows), *_rate_note(order, words, credit.goods_eur + credit.shipping_eur)],
    }


# Head and foot


def _frame(order: Order, words: Words, kind: str, label: str, issued_at: datetime) -> Content:
    settings = ShopSettings.current()
    return {
        "language": order.language,
        "title": f"{kind} {label}",
        "kind": kind,
        "label": label,
        "issued_on": timezone.localtime(issued_at).date().isoformat(),
        "page": _("Page"),
        "seller": seller(settings, words),
        "addresses": _addresses(order, words),
        "footer": settings.paper_footer_el if order.language == "el" else settings.paper_footer_en,
    }


def seller(settings: ShopSettings, words: Words) -> Content:
    """Who sells, as papers name them."""
    lines = [line.strip() for line in settings.seller_address.splitlines() if line.strip()]
    vat_id = _("VAT number %(number)s") % {"number": settings.seller_vat_id} if settings.seller_vat_id else ""
    reached_at = [settings.seller_email, settings.seller_phone, vat_id]
    return {
        "name": settings.seller_name,
        "lines": [*lines, words.country(settings.seller_country)],
        "contact": [text for text in reached_at if text],
    }


def _addresses(order: Order, words: Words) -> list[Content]:
    shipping, billing = order.shipping_address, order.billing_address
    found = [(_("Billed to"), billing)] if billing else []
    if shipping is not None and shipping != billing:
        found.append((_("Shipped to"), shipping))
    return [{"heading": heading, "lines": postal(address, words)} for heading, address in found]


def postal(address: OrderAddress, words: Words) -> list[str]:
    """An address with the country's name, as it is written in its country."""
    return [*written(address), words.country(address.country.code)]


def _facts(*pairs: tuple[str, str]) -> list[list[str]]:
    return [[name, value] for name, value in pairs if value]


# What was sold, or is credited


def _sold(order: Order, rows: Iterable[SalesRow]) -> list[tuple[SalesRow, Decimal]]:
    prices = {line.sku: line.price_amount for line in order.lines.all()}
    return [(row, row.gross_amount if row.treatment == VOUCHER else prices[row.sku]) for row in rows]


def _table(order: Order, listed: Iterable[tuple[SalesRow, Decimal]], rows: Sequence[SalesRow], words: Words) -> Content:
    """The pieces and, where VAT may be shown, how much the amounts contain of it, by country and rate (EUR)."""
    taxed = [row for row in rows if row.treatment in TAXED]
    marks = _marks(rows)
    descriptions = {line.sku: line.description for line in order.lines.all()}
    return {
        "columns": {"piece": _("Piece"), "rate": _("VAT") if taxed else "", "amount": _("Amount")},
        "lines": [
            {
                "sku": row.sku,
                "title": row.title or _("Gift voucher"),
                "mark": marks.get(row.treatment, ""),
                "description": descriptions.get(row.sku, ""),
                "rate": _percent(row.rate, words) if row.treatment in TAXED else "",
                "amount": words.amount(amount),
            }
            for row, amount in listed
        ],
        "tax": _contained(taxed, words) if taxed else None,
    }


def _contained(taxed: Iterable[SalesRow], words: Words) -> Content:
    by_rate: dict[tuple[str, Decimal], list[SalesRow]] = {}
    for row in taxed:
        by_rate.setdefault((row.country, row.rate), []).append(row)
    return {
        "heading": _("VAT contained, in euro, with its share of the shipping"),
        "columns": [_("Rate"), _("Without VAT"), _("VAT"), _("With VAT")],
        "rows": [
            [
                f"{words.country(country)}, {_percent(rate, words)}",
                words.euro(abs(total(row.gross_eur - row.vat_eur for row in rows))),
                words.euro(abs(total(row.vat_eur for row in rows))),
                words.euro(abs(total(row.gross_eur for row in rows))),
            ]
            for (country, rate), rows in sorted(by_rate.items())
        ],
    }


def _percent(rate: Decimal, words: Words) -> str:
    return f"{words.number(rate)}\xa0%"


# Sums


def _sums(order: Order, words: Words) -> list[list[str]]:
    coupon = _("Coupon %(code)s") % {"code": order.coupon.code} if order.coupon else _("Discount")
    free = _("Discount on shipping")
    points = _("Paid with %(points)s points") % {"points": words.number(Decimal(order.points_used))}
    parts = [
        (_("Goods"), order.goods_amount),
        (_("Gift vouchers"), order.vouchers_amount),
        (coupon, -order.coupon_amount),
        (points, -order.points_amount),
        (_("Shipping"), order.shipping_amount),
        (free, -order.shipping_discount_amount),
    ]
    shown = [[name, words.amount(amount)] for name, amount in parts if amount or name == _("Shipping")]
    return [*shown, [_("Total"), words.amount(order.total_amount)]]


def _sums_of_credit(credit: Credit, words: Words) -> list[list[str]]:
    parts = [(_("Goods"), credit.goods_amount), (_("Shipping"), credit.shipping_amount)]
    shown = [[name, words.amount(amount)] for name, amount in parts if amount]
    return [*shown, [_("Total credited"), words.amount(credit.goods_amount + credit.shipping_amount)]]


def _payments(order: Order, words: Words) -> list[list[str]]:
    method = str(offered.by_code(order.payment_method).name) if order.payment_method else ""
    paid = _("Paid: %(method)s") % {"method": method} if method else _("Paid")
    return _pairs((_("Paid by gift voucher"), order.voucher_amount, words), (paid, order.due_amount, words))


def _pairs(*parts: tuple[str, Decimal, Words]) -> list[list[str]]:
    return [[name, words.amount(amount)] for name, amount, words in parts if amount]


# The small print


def _wordings(settings: ShopSettings, language: str) -> dict[str, str]:
    """What the law wants said of lines without VAT shown, in the accountant's words where they depend on the seller."""
    is_greek = language == "el"
    return {
        TaxTreatment.MARGIN: settings.tax_wording_margin_el if is_greek else settings.tax_wording_margin_en,
        TaxTreatment.EXPORT: settings.tax_wording_export_el if is_greek else settings.tax_wording_export_en,
        TaxTreatment.EXEMPT: settings.tax_wording_exempt_el if is_greek else settings.tax_wording_exempt_en,
        VOUCHER: _(
            "Gift vouchers are sold without VAT; what they are spent on contains it"
            " (Directive 2006/112/EC, article 30b)."
        ),
    }


def _marks(rows: Iterable[SalesRow]) -> dict[str, str]:
    """The sign that leads from a line to its wording; none where one wording holds for all lines."""
    found = sorted({row.treatment for row in rows})
    worded = [treatment for treatment in found if treatment and treatment not in TAXED]
    return dict.fromkeys(worded, "") if len(found) == 1 else dict(zip(worded, "¹²³⁴", strict=False))


def _tax_notes(order: Order, rows: Sequence[SalesRow]) -> list[str]:
    wordings = _wordings(ShopSettings.current(), order.language)
    return [f"{mark} {wordings[treatment]}".strip() for treatment, mark in _marks(rows).items()]


def _rate_note(order: Order, words: Words, total_eur: Decimal) -> list[str]:
    """The rate every part was converted at, and the total in euro; nothing for orders in euro."""
    if order.rate_set is None or order.currency == BASE_CURRENCY:
        return []
    rate = _(
        "Converted by the shop, part by part, at the European Central Bank's reference rate of %(day)s:"
        " 1 EUR = %(rate)s %(currency)s. No surcharge."
    ) % {"day": words.day(order.rate_set.date), "rate": words.number(order.rate), "currency": order.currency}
    return [rate, _("Total in euro: %(total)s.") % {"total": words.euro(total_eur)}]
