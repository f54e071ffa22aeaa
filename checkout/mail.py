"""Mails about orders, in the buyer's language, each kind once an order."""

from django.utils import translation

from checkout import letters
from checkout.models import Credit, Order, OrderMail, Withdrawal
from checkout.orders import link_to
from checkout.vocabularies import MailKind
from shop import page_texts

# One for each credit and withdrawal: its number follows the name, as in `credited-12`.
NUMBERED = {"credited": ("credit", Credit.objects), "withdrawal": ("withdrawal", Withdrawal.objects)}
# The contract's texts go along as text: a link is no durable medium (Directive 2011/83/EU, article 8(7);
# Court of Justice, C-49/11).
WITH_CONTRACT = ("awaiting_transfer", "paid", "voucher_paid")
CONTRACT_PAGES = ("terms", "withdrawal", "withdrawal-form", "guarantee", "shipping-returns", "legal-notice")


def send(*, order_id: int, kind: str) -> bool:
    """Send a mail unless it was sent before; True when it went out now. Call outside any transaction.

    Sent first and noted after: a crash in between sends it twice rather than never.
    """
    name, _, number = kind.partition("-")
    if name not in MailKind.values:
        raise ValueError(f"no such mail: {kind}")
    if OrderMail.objects.filter(order_id=order_id, kind=kind).exists():
        return False
    order = Order.objects.prefetch_related("lines", "addresses").get(pk=order_id)
    with translation.override(order.language):
        context: dict[str, object] = {"order": order, "link": link_to(order)}
        if name in NUMBERED:
            variable, rows = NUMBERED[name]
            context[variable] = rows.get(pk=number, order=order)
        contract = page_texts.texts_of(*CONTRACT_PAGES) if kind in WITH_CONTRACT else ""
        attachments = [(f"{order.number}.txt", contract, "text/plain")] if contract else []
        letters.send(name, context, to=order.email, attachments=attachments)
    OrderMail.objects.get_or_create(order_id=order_id, kind=kind)
    return True
