"""What the fake remembers: objects, events, answers by idempotency key, and its clock."""

import copy
import json
import secrets
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import stripe

from tests.fakes.stripe.refusals import Refusal

Json = dict[str, Any]
# Fields that hold the id of another object and may be asked for in full.
EXPANDABLE = frozenset({"balance_transaction", "charge", "latest_charge", "payment_intent", "source"})


class Records:
    """State of one account. With a file it outlives the process that wrote it, as a provider's records do."""

    def __init__(self, file: Path | None = None) -> None:
        self.file = file
        self.objects: dict[str, Json] = {}
        self.events: list[Json] = []
        self.answers: dict[str, Json] = {}
        self.clock_offset = 0.0
        if file is not None and file.exists():
            kept = json.loads(file.read_text())
            self.objects, self.events, self.answers = kept["objects"], kept["events"], kept["answers"]
            self.clock_offset = kept["clock_offset"]

    def now(self) -> int:
        return int(time.time() + self.clock_offset)

    def save(self) -> None:
        """Keep everything; a process killed in the middle leaves the file before or after, never half."""
        if self.file is None:
            return
        kept = {
            "objects": self.objects,
            "events": self.events,
            "answers": self.answers,
            "clock_offset": self.clock_offset,
        }
        fresh = self.file.with_suffix(".new")
        fresh.write_text(json.dumps(kept))
        fresh.replace(self.file)

    def add(self, kind: str, prefix: str, **fields: Any) -> Json:
        """A new object. Its id is random: two accounts never share one."""
        made = {
            "id": f"{prefix}_{secrets.token_hex(12)}",
            "object": kind,
            "created": self.now(),
            "livemode": False,
            **fields,
        }
        self.objects[made["id"]] = made
        return made

    def find(self, id: str, kind: str) -> Json:
        """The object itself, to be changed. Raises Refusal."""
        found = self.objects.get(id)
        if found is None or found["object"] != kind:
            raise Refusal(404, f"No such {kind}: '{id}'", code="resource_missing", param="id")
        return found

    def of_kind(self, kind: str) -> list[Json]:
        """Newest first."""
        return [row for row in reversed(self.objects.values()) if row["object"] == kind]

    def emit(self, kind: str, about: Json) -> None:
        """Note that something happened to an object, with the object as it is now."""
        self.events.append(
            {
                "id": f"evt_{secrets.token_hex(12)}",
                "object": "event",
                "type": kind,
                "created": self.now(),
                "livemode": False,
                "api_version": stripe.api_version,
                "pending_webhooks": 1,
                "request": {"id": None, "idempotency_key": None},
                "data": {"object": public(about)},
            }
        )

    def page_of(self, rows: Iterable[Json], parameters: Json, *, url: str) -> Json:
        """One page of a list, as Stripe cuts it."""
        found = [row for row in rows if _is_wanted(row, parameters)]
        limit = int(parameters.get("limit", 10))
        if not 1 <= limit <= 100:
            raise Refusal(400, "limit must be between 1 and 100", code="parameter_invalid", param="limit")
        ids = [row["id"] for row in found]
        if after := parameters.get("starting_after"):
            found = found[_place(ids, after, "starting_after") + 1 :]
        elif before := parameters.get("ending_before"):
            found = found[: _place(ids, before, "ending_before")][-limit:]
        rows = [public(row) for row in found[:limit]]
        return {"object": "list", "url": url, "has_more": len(found) > limit, "data": rows}

    def expand(self, answer: Json, paths: list[str]) -> Json:
        """The answer with the named references replaced by their objects. Raises Refusal."""
        answer = public(answer)
        for path in paths:
            first, *rest = path.split(".")
            targets = answer["data"] if answer["object"] == "list" and first == "data" else [answer]
            for target in targets:
                self._expand_into(target, rest if targets is not None and first == "data" else [first, *rest])
        return answer

    def _expand_into(self, target: Json, path: list[str]) -> None:
        if not path:
            return
        name, *rest = path
        if name not in EXPANDABLE or name not in target:
            raise Refusal(400, f"This property cannot be expanded ({name}).", param="expand")
        if isinstance(target[name], str) and target[name] in self.objects:
            target[name] = public(self.objects[target[name]])
        if rest and isinstance(target[name], dict):
            self._expand_into(target[name], rest)


def public(row: Json) -> Json:
    """A copy without what only the fake itself may see."""
    return {name: copy.deepcopy(value) for name, value in row.items() if not name.startswith("_")}


def _place(ids: list[str], id: str, param: str) -> int:
    if id not in ids:
        raise Refusal(400, f"No such object: '{id}'", code="resource_missing", param=param)
    return ids.index(id)


_BOUNDS: dict[str, Callable[[int, int], bool]] = {
    "gt": int.__gt__,
    "gte": int.__ge__,
    "lt": int.__lt__,
    "lte": int.__le__,
}


def _is_wanted(row: Json, parameters: Json) -> bool:
    """Whether a row passes the filters of a list."""
    for name, wanted in parameters.items():
        if name in ("limit", "starting_after", "ending_before", "expand"):
            continue
        if name == "created":
            bounds = wanted if isinstance(wanted, dict) else {"gte": wanted, "lte": wanted}
            if not all(_BOUNDS[bound](row["created"], int(limit)) for bound, limit in bounds.items()):
                return False
        elif name == "types":
            if row["type"] not in wanted:
                return False
        elif name == "delivery_success":
            if (row["pending_webhooks"] == 0) != (wanted == "true"):
                return False
        elif name not in row:
            raise Refusal(400, f"The fake cannot filter by {name}.", code="parameter_unknown", param=name)
        elif row[name] != wanted:
            return False
    return True
