"""Sales for the demo shop, made the way a buyer makes them: reserved, placed, paid, and some sent."""

from collections.abc import Sequence

from django.utils import translation

from checkout import drafts, inventory, orders, settlement
from checkout.gateways import demo, offered
from checkout.models import Order, OrderLine
from checkout.visitors import Visitor, key_of
from shop.models import User

# Invented people; example.com receives no mail (RFC 2606).
BUYERS: tuple[dict[str, str], ...] = (
    {
        "email": "eleni@example.com", "language": "el", "currency": "EUR", "name": "Ελένη Δημητρίου",
        "line1": "Ιπποκράτους 114", "city": "Αθήνα", "postcode": "11472", "country": "GR",
    },
    {
        "email": "jonas@example.com", "language": "en", "currency": "EUR", "name": "Jonas Weber",
        "line1": "Lindenstraße 8", "city": "Leipzig", "postcode": "04109", "country": "DE",
    },
    {
        "email": "claire@example.com", "language": "en", "currency": "EUR", "name": "Claire Morel",
        "line1": "12 rue des Carmes", "city": "Nantes", "postcode": "44000", "country": "FR",
    },
    {
        "email": "agnieszka@example.com", "language": "en", "currency": "PLN", "name": "Agnieszka Nowak",
        "line1": "ul. Długa 3", "city": "Kraków", "postcode": "31-147", "country": "PL",
    },
    {
        "email": "yorgos@example.com", "language": "el", "currency": "EUR", "name": "Γιώργος Παππάς",
        "line1": "Ερμού 21", "city": "Πάτρα", "postcode": "26221", "country": "GR",
    },
)  # fmt: skip
PIECES_AN_ORDER = 2


def sell(skus: Sequence[str], *, by: User) -> list[Order]:
    """Sell those of the pieces that no order ever held, two to an order; `by` packs and sends some of them.

    Runs the shop's own selling with the demo gateway, so everything that follows a sale is there too: ledger
    entries, mails, events. Selling the same pieces again does nothing; nor does a shop with a key for Stripe,
    where nobody but its page may say that something was paid.
    """
    if not any(gateway.code == demo.DemoGateway.code for gateway in offered.for_currency("EUR")):
        return []
    ordered = set(OrderLine.objects.filter(sku__in=skus).values_list("sku", flat=True))
    free = [sku for sku in skus if sku not in ordered]
    placed = []
    for number, start in enumerate(range(0, len(free), PIECES_AN_ORDER)):
        buyer = BUYERS[number % len(BUYERS)]
        order = _buy(free[start : start + PIECES_AN_ORDER], buyer)
        # The older the order, the further it is on its way.
        if number % 3 == 0:
            orders.pack(order, by=by)
            orders.ship(order, by=by, carrier="ELTA", tracking_number=f"RE{order.pk:09d}GR")
            orders.deliver(order, by=by)
        elif number % 3 == 1:
            orders.pack(order, by=by)
        placed.append(order)
    return placed


def _buy(skus: Sequence[str], buyer: dict[str, str]) -> Order:
    visitor = Visitor(key=key_of(f"demo sale of {' '.join(skus)}"))
    inventory.reserve(skus=skus, visitor=visitor)
    draft = drafts.start(visitor, language=buyer["language"])
    address = {name: buyer[name] for name in ("name", "line1", "city", "postcode", "country")}
    drafts.set_address(draft, email=buyer["email"], shipping=address)
    # No method chosen: the country's usual one.
    drafts.set_methods(draft, shipping_method="", payment_method="demo")
    draft = drafts.start(visitor, language=buyer["language"])
    total = drafts.summary_of(draft, visitor, currency=buyer["currency"]).total_amount
    with translation.override(buyer["language"]):
        order = orders.place(token=draft.token, visitor=visitor, currency=buyer["currency"], shown_total=total)
    payment = settlement.start_payment(order, gateway_code="demo")
    demo.decide(payment.reference, "approve")
    settlement.refresh(payment)
    order.refresh_from_db()
    return order
