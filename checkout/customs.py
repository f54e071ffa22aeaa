"""What the customs want to know of a parcel: the data of the postal declarations CN22 and CN23.

Both forms are those of the Universal Postal Union's Convention Manual; CN22 is for contents worth at most 300 SDR.
Their words are English and French, as the Union asks, whatever the language of the shop.
"""

from dataclasses import dataclass
from decimal import Decimal

from django.utils import timezone, translation

from checkout import paper_layout, parcels, shipping
from checkout.errors import NoCustomsNeeded
from checkout.models import Order, OrderLine
from checkout.money import BASE_CURRENCY, format_amount, total
from checkout.paper_content import Words, postal, seller
from shop.models import ShopSettings

CN22_LIMIT_SDR = Decimal(300)
# Kept low on purpose: a parcel near the limit gets CN23, which asks for more and is never wrong.
EUR_PER_SDR = Decimal("1.13")
CN22_LIMIT_EUR = CN22_LIMIT_SDR * EUR_PER_SDR
# Harmonized System, heading 8523: recorded optical media.
HS_CODE = "8523.49"
LANGUAGE = "en"


@dataclass(frozen=True, slots=True)
class Item:
    """Pieces of one kind: how heavy together (grams), worth how much (in the declaration's currency), and from where.

    `origin` is the country of the edition; empty where it is unknown.
    """

    description: str
    quantity: int
    weight_g: int
    value: Decimal
    hs_code: str
    origin: str


@dataclass(frozen=True, slots=True)
class Declaration:
    """The declaration of one parcel with all the orders in it. `form` is CN22 or CN23; `value_eur` decides which."""

    form: str
    orders: tuple[Order, ...]
    category: str
    currency: str
    items: tuple[Item, ...]
    weight_g: int
    value: Decimal
    value_eur: Decimal
    postage: Decimal


def declare(order: Order) -> Declaration:
    """The customs declaration of the parcel an order travels in. Raises NoCustomsNeeded."""
    if not order.has_customs or shipping.is_pickup(order.shipping_method):
        raise NoCustomsNeeded
    aboard = tuple(parcels.parcel_of(order).prefetch_related("lines__listing__edition")) or (order,)
    currencies = {row.currency for row in aboard}
    # Orders paid in different currencies have only the euro in common.
    currency = currencies.pop() if len(currencies) == 1 else BASE_CURRENCY
    lines = [line for row in aboard for line in row.lines.all() if line.returned_at is None]
    value_eur = total(line.paid_eur for line in lines)
    return Declaration(
        form="CN22" if value_eur <= CN22_LIMIT_EUR else "CN23",
        orders=aboard,
        category="sale_of_goods",
        currency=currency,
        items=_items(lines, in_euro=currency == BASE_CURRENCY),
        weight_g=max(max(row.parcel_weight_g or 0 for row in aboard), sum(line.weight_g for line in lines)),
        value=total(line.paid_eur if currency == BASE_CURRENCY else line.paid_amount for line in lines),
        value_eur=value_eur,
        postage=total(_postage(row, in_euro=currency == BASE_CURRENCY) for row in aboard),
    )


def _items(lines: list[OrderLine], *, in_euro: bool) -> tuple[Item, ...]:
    """One item for all pieces of the same description and origin, as the forms have few rows."""
    kinds: dict[tuple[str, str], list[OrderLine]] = {}
    for line in lines:
        edition = line.listing.edition
        medium = edition.disc_format.split("-")[0] or "DVD"
        kinds.setdefault((_MEDIA.get(medium, medium), edition.territory), []).append(line)
    return tuple(
        Item(
            description=f"Film on {medium}, second-hand",
            quantity=len(group),
            weight_g=sum(line.weight_g for line in group),
            value=total(line.paid_eur if in_euro else line.paid_amount for line in group),
            hs_code=HS_CODE,
            origin=origin,
        )
        for (medium, origin), group in sorted(kinds.items())
    )


_MEDIA = {"BD": "Blu-ray disc", "UHD": "Ultra HD Blu-ray disc"}


def _postage(order: Order, *, in_euro: bool) -> Decimal:
    if in_euro:
        return order.shipping_eur - order.shipping_discount_eur
    return order.shipping_amount - order.shipping_discount_amount


def pdf_of(declaration: Declaration) -> bytes:
    """The form to print and put on the parcel."""
    order = declaration.orders[0]
    words = Words(LANGUAGE, declaration.currency)
    address = order.shipping_address
    now = timezone.now()
    with translation.override(LANGUAGE):
        content = {
            "language": LANGUAGE,
            "title": f"{declaration.form} {order.number}",
            "form": declaration.form,
            "order": ", ".join(row.number for row in declaration.orders),
            "seller": seller(ShopSettings.current(), words),
            "recipient": [*postal(address, words), address.phone] if address else [],
            "items": [
                {
                    "description": item.description,
                    "quantity": str(item.quantity),
                    "weight": _kilograms(item.weight_g),
                    "value": format_amount(item.value, declaration.currency, LANGUAGE),
                    "hs_code": item.hs_code,
                    "origin": words.country(item.origin) if item.origin else "",
                }
                for item in declaration.items
            ],
            "weight": _kilograms(declaration.weight_g),
            "value": format_amount(declaration.value, declaration.currency, LANGUAGE),
            "postage": format_amount(declaration.postage, declaration.currency, LANGUAGE),
            "day": words.day_of(now),
        }
    return paper_layout.render("customs", content, made_at=now)


def _kilograms(grams: int) -> str:
    return f"{Decimal(grams) / 1000:.3f} kg"
