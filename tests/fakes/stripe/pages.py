"""The page where the buyer pays, in plain HTML: it works without scripts and says at once that it is no bank."""

from html import escape

from tests.fakes.stripe.amounts import WITHOUT_DECIMALS
from tests.fakes.stripe.records import Json

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{title}</title><link rel="icon" href="data:,"></head>
<body><main><h1>{title}</h1>{body}</main></body></html>
"""
_BUTTON = '<p><button name="method" value="{method}">{label}</button></p>'


def payment_page(session: Json, *, problem: str = "") -> str:
    """Every way a payment can go, as buttons."""
    rows = "".join(
        f"<li>{escape(line['price_data']['product_data']['name'])}: "
        f"{_shown(int(line['price_data']['unit_amount']), session['currency'])}</li>"
        for line in session["line_items"]
    )
    buttons = [("card", "Pay by card"), ("challenge", "Pay by a card that asks for 3-D Secure")]
    if "paypal" in session["allowed_payment_method_types"]:
        buttons.append(("paypal", "Pay with PayPal"))
    buttons += [("declined", "Pay by a card that is declined"), ("insufficient_funds", "Pay by an empty card")]
    body = f"<ul>{rows}</ul><p>Total: <b>{_shown(session['amount_total'], session['currency'])}</b></p>"
    if problem:
        body += f'<p role="alert">{escape(problem)}</p>'
    body += '<form method="post">'
    body += "".join(_BUTTON.format(method=method, label=escape(label)) for method, label in buttons)
    body += "</form>"
    if session["cancel_url"]:
        body += f'<p><a href="{escape(session["cancel_url"])}">Back to the shop without paying</a></p>'
    return _PAGE.format(title="Pretend payment: no money moves", body=body)


def challenge_page() -> str:
    """The bank's question."""
    body = '<p>Your bank asks: is this you?</p><form method="post">'
    body += _BUTTON.format(method="confirm", label="Yes, confirm")
    body += _BUTTON.format(method="refuse", label="No, this is not me")
    return _PAGE.format(title="Pretend bank: 3-D Secure", body=f"{body}</form>")


def closed_page(session: Json) -> str:
    """A session that is over."""
    back = session["success_url"] if session["status"] == "complete" else session["cancel_url"] or "/"
    body = f'<p>This payment is {session["status"]}.</p><p><a href="{escape(back)}">Back to the shop</a></p>'
    return _PAGE.format(title="Pretend payment", body=body)


def _shown(minor: int, currency: str) -> str:
    text = f"{minor}" if currency in WITHOUT_DECIMALS else f"{minor / 100:.2f}"
    return f"{text} {currency.upper()}"
