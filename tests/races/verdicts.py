"""What is wrong after a race, from the provider's records and the buyers' journal; the invariants are a third side."""

from collections import Counter, defaultdict

from django.db import connection

from checkout.models import DemoPayment, Order, OrderState, Payment
from checkout.money import to_minor_units
from tests.races.crowd import Journal


def oversold_at_the_provider() -> list[str]:
    """Pieces for which the provider keeps the money of more than one buyer."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT l.sku FROM checkout_demopayment d JOIN checkout_payment p ON p.reference = d.reference"
            " JOIN checkout_orderline l ON l.order_id = p.order_id"
            " WHERE d.status = 'captured' AND d.refunded_minor < d.amount_minor"
            " GROUP BY l.sku HAVING count(DISTINCT l.order_id) > 1"
        )
        return [row[0] for row in cursor.fetchall()]


def oversold_in_the_journal(journal: Journal) -> list[str]:
    """Pieces of which two buyers were told they have paid for it, with no cancellation in between."""
    paid, given_up = journal.tokens("paid"), journal.tokens("cancelling")
    buyers = defaultdict(list)
    for token in paid:
        for sku in journal.skus[token]:
            buyers[sku].append(token)
    return [
        sku
        for sku, tokens in buyers.items()
        if any(
            not (given_up.get(one, float("inf")) < paid[other] or given_up.get(other, float("inf")) < paid[one])
            for place, one in enumerate(tokens)
            for other in tokens[:place]
        )
    ]


def lost(journal: Journal) -> list[str]:
    """I9: what the journal was told and is not so."""
    found = {order.token: order for order in Order.objects.placed().prefetch_related("lines")}
    wrong = [f"{token} was placed" for token in journal.tokens("placed") if token not in found]
    cancelled = journal.tokens("cancelled")
    wrong += [f"{token} was cancelled" for token in cancelled if found[token].state != OrderState.CANCELLED]
    asked = journal.tokens("cancelling")
    for token in journal.tokens("paid"):
        order = found[token]
        possible = {OrderState.CANCELLED} if token in cancelled else {OrderState.PAID}
        # Staff may have been left without an answer.
        if order.state not in possible | ({OrderState.CANCELLED} if token in asked else set()):
            wrong.append(f"{token} was paid and is {order.state}")
    for token, skus in journal.skus.items():
        if sorted(line.sku for line in found[token].lines.all()) != sorted(skus):
            wrong.append(f"{token} had other pieces")
    return wrong


def money_astray() -> list[str]:
    """Payments of which the provider keeps anything but the price of a paid order."""
    order_of = dict(Payment.objects.exclude(reference="").values_list("reference", "order_id"))
    wrong = []
    kept: Counter[int] = Counter()
    for record in DemoPayment.objects.all():
        if record.status == DemoPayment.Status.AUTHORISED:
            wrong.append(f"{record.reference} stays authorised")
        elif record.status == DemoPayment.Status.CAPTURED and record.reference not in order_of:
            wrong.append(f"{record.reference} was captured for nobody")
        elif record.status == DemoPayment.Status.CAPTURED:
            kept[order_of[record.reference]] += record.amount_minor - record.refunded_minor
    for order in Order.objects.placed():
        due = to_minor_units(order.total_amount, order.currency) if order.is_paid else 0
        if kept[order.pk] != due:
            wrong.append(f"{order} is {order.state} and the provider keeps {kept[order.pk]}, not {due}")
    return wrong
