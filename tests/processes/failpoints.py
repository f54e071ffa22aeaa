"""Death at a chosen point: the process kills itself before or after a named function runs, once.

`FAILPOINT=before:checkout.gateways.demo:DemoGateway.create` names the function as the code does; one that is no
longer there ends the process with an error. `FAILPOINT_FILE` is written just before the kill and keeps the next
process alive. `REPLACEMENT=checkout.inventory:claim=tests.races.unguarded:look_then_write` puts another function in a
function's place. Nothing of this is in the shop itself.
"""

import os
import signal
from collections.abc import Callable
from contextlib import suppress
from functools import wraps
from pathlib import Path
from pkgutil import resolve_name
from typing import Any


def install() -> None:
    """Wrap or replace the function that the environment names, if it names one."""
    if point := os.environ.get("FAILPOINT"):
        wrap(point, Path(os.environ["FAILPOINT_FILE"]))
    if replacement := os.environ.get("REPLACEMENT"):
        name, _equals, other = replacement.partition("=")
        owner, attribute, _function = find(name)
        setattr(owner, attribute, resolve_name(other))


def wrap(point: str, file: Path) -> None:
    """Have this process die at the point, unless the file says that one died there before."""
    moment, _colon, name = point.partition(":")
    owner, attribute, function = find(name)

    @wraps(function)
    def deadly(*args: Any, **fields: Any) -> Any:
        if moment == "before":
            _die_once(file)
        result = function(*args, **fields)
        if moment == "after":
            _die_once(file)
        return result

    setattr(owner, attribute, deadly)


def find(name: str) -> tuple[Any, str, Callable[..., Any]]:
    """What holds the function, its name there, and the function. AttributeError or ImportError when it is gone."""
    module, _colon, path = name.partition(":")
    parent, _dot, attribute = path.rpartition(".")
    owner = resolve_name(f"{module}:{parent}" if parent else module)
    return owner, attribute, getattr(owner, attribute)


def _die_once(file: Path) -> None:
    with suppress(FileExistsError):
        os.close(os.open(file, os.O_CREAT | os.O_EXCL))
        os.kill(os.getpid(), signal.SIGKILL)
