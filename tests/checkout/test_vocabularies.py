"""What the code notes by a code has a name that people can read."""

import ast
import re
from collections.abc import Iterator
from functools import cache

import pytest
from django.conf import settings
from django.db.models import TextChoices

from checkout import mail
from checkout.gateways import offered
from checkout.models import Dispute, OrderEvent, OrderMail, PaymentState
from checkout.vocabularies import BalanceProblem, DisputeReason, Failure, MailKind, OrderEventKind, PaymentMethod

# Where the kind is given, by the name of what is called: its place among the arguments, or None for `kind=`.
EVENTS = {"log": 1, "move": None, "OrderEvent": None}
MAILS = {"send_order_mail": None}


@cache
def calls() -> list[ast.Call]:
    """Every call in `checkout/`."""
    paths = [path for path in (settings.BASE_DIR / "checkout").rglob("*.py") if "migrations" not in path.parts]
    trees = [ast.parse(path.read_text(encoding="utf-8")) for path in paths]
    return [node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Call)]


def callee(call: ast.Call) -> str:
    """The name of what is called; of a task or a model for `task.defer` and `Model.objects.create`."""
    names = ast.unparse(call.func).split(".")
    return next((name for name in names if name in EVENTS | MAILS), names[-1])


def kinds_in(places: dict[str, int | None]) -> Iterator[str]:
    for call in calls():
        name = callee(call)
        if name not in places:
            continue
        place = places[name]
        given = [word.value for word in call.keywords if word.arg == "kind"]
        if place is not None and len(call.args) > place:
            given.append(call.args[place])
        for value in given:
            yield from spelled(value)


def spelled(value: ast.expr) -> Iterator[str]:
    """All codes that an expression can stand for; a name is passed on from a call that is read itself."""
    if isinstance(value, ast.Constant):
        yield value.value
    elif isinstance(value, ast.JoinedStr):
        first = value.values[0]
        assert isinstance(first, ast.Constant), ast.unparse(value)
        yield from {
            "payment_": {f"payment_{state}" for state in states_closed_with()},
            "dispute_": {f"dispute_{state}" for state in Dispute.State.values if state != Dispute.State.OPEN},
            "credited-": {"credited"},
            "withdrawal-": {"withdrawal"},
        }[first.value]
    else:
        assert isinstance(value, ast.Name), ast.unparse(value)


def states_closed_with() -> set[str]:
    """The states in which `_close` ends an attempt to pay."""
    closings = " ".join(ast.unparse(call) for call in calls() if callee(call) == "_close")
    return {PaymentState[name].value for name in re.findall(r"PaymentState\.(\w+)", closings)}


@pytest.mark.parametrize(
    ("places", "vocabulary"), [(EVENTS, OrderEventKind), (MAILS, MailKind)], ids=["events", "mails"]
)
def test_every_kind_that_is_noted_has_a_name_and_every_name_is_used(
    places: dict[str, int | None], vocabulary: type[TextChoices]
) -> None:
    assert set(kinds_in(places)) == set(vocabulary.values)


def test_every_difference_of_the_books_has_a_name() -> None:
    source = (settings.BASE_DIR / "checkout" / "reconciliation.py").read_text(encoding="utf-8")
    yielded = [node.value for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Yield)]
    problems = {ast.literal_eval(found.elts[1]) for found in yielded if isinstance(found, ast.Tuple)}

    assert problems == set(BalanceProblem.values)


def test_every_failure_the_shop_notes_itself_has_a_name() -> None:
    given = [word.value for call in calls() for word in call.keywords if word.arg == "failure_code"]
    codes = {value.value for value in given if isinstance(value, ast.Constant)}

    assert "piece_gone" in codes
    assert codes <= set(Failure.values)


def test_every_gateway_is_a_way_to_pay() -> None:
    assert {code: offered.by_code(code).name for code in PaymentMethod.values} == dict(PaymentMethod.choices)


@pytest.mark.parametrize(
    ("kind", "text", "shown"),
    [
        ("payment_started", "bank_transfer", "Bank transfer"),
        ("payment_failed", "insufficient_funds", "Not enough money on the account"),
        ("payment_failed", "a_code_of_next_year", "a_code_of_next_year"),
        ("dispute_opened", "fraudulent", str(DisputeReason.FRAUDULENT.label)),
        ("shipped", "RR123456789GR", "RR123456789GR"),
        ("shipped", "fraudulent", "fraudulent"),
    ],
)
def test_an_events_note_is_put_into_words_where_it_is_a_code(kind: str, text: str, shown: str) -> None:
    assert OrderEvent(kind=kind, text=text).note == shown


def test_a_mail_is_named_without_its_number() -> None:
    assert str(OrderMail(kind="credited-12")) == "Money given back"
    assert set(mail.NUMBERED) < set(MailKind.values)
