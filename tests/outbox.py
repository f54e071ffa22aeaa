"""A guard over the whole suite: no mail leaves and no provider is asked while a transaction of the shop is open.

What left inside one could not be taken back with it, and a provider that is slow would hold its locks.
"""

import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any

import pytest
from django.core.mail import EmailMessage
from django.db import connection

from checkout.gateways import ecb, offered
from checkout.gateways.base import Gateway
from checkout.gateways.stripe import enquiries

# What every gateway is asked, apart from whether it is offered, which it knows by itself.
QUESTIONS = [name for name, _function in inspect.getmembers(Gateway, inspect.isfunction) if name[0] != "_"]
QUESTIONS.remove("is_offered")


@contextmanager
def guarded() -> Iterator[None]:
    """While the block runs, whatever leaves the house asks first whether a transaction is open."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(EmailMessage, "send", outside_transactions(EmailMessage.send))
        patch.setattr(ecb, "fetch", outside_transactions(ecb.fetch))
        for gateway in offered._ALL.values():
            for name in QUESTIONS:
                patch.setattr(type(gateway), name, outside_transactions(getattr(type(gateway), name)))
        for name, function in inspect.getmembers(enquiries, inspect.isfunction):
            if function.__module__ == enquiries.__name__ and not name.startswith("_"):
                patch.setattr(enquiries, name, outside_transactions(function))
        yield


def outside_transactions(function: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(function)
    def guarded_function(*args: Any, **fields: Any) -> Any:
        # The transaction that a test runs in is none of the shop's.
        if not all(block._from_testcase for block in connection.atomic_blocks):
            raise LeftInsideTransaction(function.__qualname__)
        return function(*args, **fields)

    return guarded_function


class LeftInsideTransaction(BaseException):
    """Not an Exception: nothing in the shop that goes on after a failure may swallow it."""
