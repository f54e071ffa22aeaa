"""Requests whose transaction PostgreSQL ended to untie a deadlock, or because of what others committed meanwhile.

Nothing of the transaction was kept, and every view bears being asked twice, so it is asked again at once.
"""

import random
import time

import psycopg
import structlog
from django.http import HttpRequest, HttpResponse

log = structlog.get_logger("shop.requests")

# PostgreSQL's codes for "serialization failure" and "deadlock detected".
TRY_AGAIN_STATES = ("40001", "40P01")
ATTEMPTS = 3
LONGEST_PAUSE_SECONDS = 0.1


def is_to_be_tried_again(error: Exception) -> bool:
    """Whether the database ended the transaction in favour of others, and would take it another time."""
    cause = error.__cause__
    return isinstance(cause, psycopg.Error) and cause.sqlstate in TRY_AGAIN_STATES


def try_again(request: HttpRequest, error: Exception) -> HttpResponse:
    """The view's answer when it is asked again, a few times at most. Raises what it then still raises."""
    match = request.resolver_match
    if match is None:
        raise error
    for attempt in range(1, ATTEMPTS + 1):
        log.warning("transaction tried again", attempt=attempt, error=type(error.__cause__).__name__)
        # Not in step with whoever was in the way.
        time.sleep(random.uniform(0, LONGEST_PAUSE_SECONDS) * attempt)  # noqa: S311
        for _name, files in request.FILES.lists():
            for file in files:
                file.seek(0)
        try:
            response: HttpResponse = match.func(request, *match.args, **match.kwargs)
        except Exception as again:
            if not is_to_be_tried_again(again) or attempt == ATTEMPTS:
                raise
            error = again
        else:
            return response
    raise error
