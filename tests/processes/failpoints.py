"""Death at a chosen point, and functions put in the place of others. Nothing of this is in the shop itself.

A point is named as the code names it: `before:checkout.gateways.demo:DemoGateway.create`. One that is no longer
there is an error where it is set.
"""

import os
import signal
from collections.abc import Callable
from functools import wraps
from pkgutil import resolve_name
from typing import Any


def wrap(point: str) -> None:
    """Have this process kill itself before or after the named function runs."""
    moment, _colon, name = point.partition(":")
    owner, attribute, function = find(name)

    @wraps(function)
    def deadly(*args: Any, **fields: Any) -> Any:
        if moment == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        function(*args, **fields)
        os.kill(os.getpid(), signal.SIGKILL)

    setattr(owner, attribute, deadly)


def replace(replacement: str) -> None:
    """`checkout.inventory:claim=tests.races.unguarded:look_then_write` puts the second in the place of the first."""
    name, _equals, other = replacement.partition("=")
    owner, attribute, _function = find(name)
    setattr(owner, attribute, resolve_name(other))


def find(name: str) -> tuple[Any, str, Callable[..., Any]]:
    """What holds the function, its name there, and the function. AttributeError or ImportError when it is gone."""
    module, _colon, path = name.partition(":")
    parent, _dot, attribute = path.rpartition(".")
    owner = resolve_name(f"{module}:{parent}" if parent else module)
    return owner, attribute, getattr(owner, attribute)
