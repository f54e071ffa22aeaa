"""Forms as Stripe reads them, refused where the SDK's own types do not know a parameter or its value."""

import re
from functools import cache
from importlib import import_module
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints
from urllib.parse import parse_qsl

from stripe import _request_options
from typing_extensions import is_typeddict

from tests.fakes.stripe.refusals import Refusal

# (method, path) -> where the SDK describes its parameters. What is not here does not exist in this fake.
ENDPOINTS = {
    ("POST", r"/v1/checkout/sessions"): "checkout._session_create_params.SessionCreateParams",
    ("GET", r"/v1/checkout/sessions"): "checkout._session_list_params.SessionListParams",
    ("GET", r"/v1/checkout/sessions/(\w+)"): "checkout._session_retrieve_params.SessionRetrieveParams",
    ("POST", r"/v1/checkout/sessions/(\w+)/expire"): "checkout._session_expire_params.SessionExpireParams",
    ("POST", r"/v1/payment_intents"): "_payment_intent_create_params.PaymentIntentCreateParams",
    ("GET", r"/v1/payment_intents"): "_payment_intent_list_params.PaymentIntentListParams",
    ("GET", r"/v1/payment_intents/(\w+)"): "_payment_intent_retrieve_params.PaymentIntentRetrieveParams",
    ("POST", r"/v1/payment_intents/(\w+)/confirm"): "_payment_intent_confirm_params.PaymentIntentConfirmParams",
    ("POST", r"/v1/payment_intents/(\w+)/capture"): "_payment_intent_capture_params.PaymentIntentCaptureParams",
    ("POST", r"/v1/payment_intents/(\w+)/cancel"): "_payment_intent_cancel_params.PaymentIntentCancelParams",
    ("GET", r"/v1/charges"): "_charge_list_params.ChargeListParams",
    ("GET", r"/v1/charges/(\w+)"): "_charge_retrieve_params.ChargeRetrieveParams",
    ("POST", r"/v1/refunds"): "_refund_create_params.RefundCreateParams",
    ("GET", r"/v1/refunds"): "_refund_list_params.RefundListParams",
    ("GET", r"/v1/refunds/(\w+)"): "_refund_retrieve_params.RefundRetrieveParams",
    ("GET", r"/v1/disputes"): "_dispute_list_params.DisputeListParams",
    ("GET", r"/v1/disputes/(\w+)"): "_dispute_retrieve_params.DisputeRetrieveParams",
    ("GET", r"/v1/balance_transactions"): "_balance_transaction_list_params.BalanceTransactionListParams",
    ("GET", r"/v1/balance_transactions/(\w+)"): "_balance_transaction_retrieve_params.BalanceTransactionRetrieveParams",
    ("GET", r"/v1/events"): "_event_list_params.EventListParams",
    ("GET", r"/v1/events/(\w+)"): "_event_retrieve_params.EventRetrieveParams",
}


def read(method: str, path: str, form: str) -> dict[str, Any]:
    """The parameters of a request, checked. Raises Refusal."""
    for (known_method, pattern), place in ENDPOINTS.items():
        if known_method == method and re.fullmatch(pattern, path):
            parameters = decode(form)
            _check_fields(parameters, _described(place), "")
            return parameters
    raise Refusal(404, f"Unrecognized request URL ({method}: {path})", code="url_invalid")


def decode(form: str) -> dict[str, Any]:
    """`a[b][0]=c` as nested dicts and lists."""
    root: dict[str, Any] = {}
    for name, value in parse_qsl(form, keep_blank_values=True):
        *outer, last = re.findall(r"[^\[\]]+", name)
        inside = root
        for part in outer:
            inside = inside.setdefault(part, {})
        inside[last] = value
    return {name: _with_lists(value) for name, value in root.items()}


def _with_lists(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    values = {name: _with_lists(inner) for name, inner in value.items()}
    if values and all(name.isdigit() for name in values):
        return [values[name] for name in sorted(values, key=int)]
    return values


@cache
def _described(place: str) -> type:
    module, _dot, name = place.rpartition(".")
    found: type = getattr(import_module(f"stripe.params.{module}"), name)
    return found


@cache
def _fields_of(described: type) -> dict[str, Any]:
    """The parameters of a TypedDict; what steers the SDK itself is none."""
    # What steers the SDK itself is inherited from another module, by names that exist there alone.
    hints = get_type_hints(described, localns={**vars(_request_options), "StripeContext": str})
    if described.__module__.startswith("stripe.params") and described.__name__.count("Params") == 1:
        steering = _request_options.RequestOptions.__annotations__
        hints = {name: hint for name, hint in hints.items() if name not in steering}
    return hints


def _check_fields(values: dict[str, Any], described: type, where: str) -> None:
    fields = _fields_of(described)
    for name, value in values.items():
        path = f"{where}[{name}]" if where else name
        if name not in fields:
            raise Refusal(400, f"Received unknown parameter: {path}", code="parameter_unknown", param=path)
        _check(value, fields[name], path)
    for name in getattr(described, "__required_keys__", frozenset()) - set(values):
        path = f"{where}[{name}]" if where else name
        raise Refusal(400, f"Missing required param: {path}.", code="parameter_missing", param=path)


def _check(value: Any, hint: Any, path: str) -> None:
    choices = _choices(hint)
    if isinstance(value, dict):
        for choice in choices:
            if is_typeddict(choice):
                return _check_fields(value, choice, path)
            if get_origin(choice) is dict:
                return None
        raise Refusal(400, f"Invalid object for {path}", code="parameter_invalid", param=path)
    if isinstance(value, list):
        inner = next((get_args(choice)[0] for choice in choices if get_origin(choice) is list), None)
        if inner is None:
            raise Refusal(400, f"Invalid array for {path}", code="parameter_invalid", param=path)
        for index, item in enumerate(value):
            _check(item, inner, f"{path}[{index}]")
        return None
    return _check_text(value, choices, path)


def _check_text(value: str, choices: list[Any], path: str) -> None:
    """Open lists (`Literal[…] | str`) are taken as closed: what the SDK does not know today, a test must not send."""
    literals = [text for choice in choices if get_origin(choice) is Literal for text in get_args(choice)]
    if str(value) in map(str, literals):
        return
    if bool in choices and value in ("true", "false"):
        return
    if int in choices and re.fullmatch(r"-?\d+", value):
        return
    if float in choices and re.fullmatch(r"-?\d+(\.\d+)?", value):
        return
    if str in choices and not [text for text in literals if text != ""]:
        return
    code = "parameter_invalid_integer" if int in choices else "parameter_invalid"
    raise Refusal(400, f"Invalid value for {path}: {value}", code=code, param=path)


def _choices(hint: Any) -> list[Any]:
    """The alternatives of a type, unions taken apart."""
    if get_origin(hint) in (Union, UnionType):
        return [choice for part in get_args(hint) for choice in _choices(part)]
    return [hint]
