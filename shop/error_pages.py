"""The pages for what goes wrong, and the problem documents for it under /api/.

Those for 400, 500 and 503 ask nothing of the database, the session or the base template.
"""

import errno
import sys

import psycopg
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string

from shop import problems
from shop.errors import ShopError

RETRY_SECONDS = 10
# PostgreSQL's codes for "not now": connection exceptions, too many connections, shutting down, crashed,
# starting up, idle for too long.
AWAY_STATES = ("08", "53300", "57P01", "57P02", "57P03", "57P05")


def is_database_away(error: BaseException | None) -> bool:
    """Whether the error says that the database cannot be reached, rather than that it refused a statement.

    So does one that follows from such an error: the job queue, for one, wraps them in its own.
    """
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        if _is_connection_lost(error):
            return True
        seen.add(id(error))
        error = error.__cause__ or error.__context__
    return False


def _is_connection_lost(error: BaseException) -> bool:
    if isinstance(error, InterfaceError | psycopg.InterfaceError):
        return True
    if not isinstance(error, OperationalError | psycopg.OperationalError):
        return False
    # Django's errors have no code of their own, only psycopg's that caused them.
    cause = error if isinstance(error, psycopg.Error) else error.__cause__
    state = cause.sqlstate if isinstance(cause, psycopg.Error) else None
    return state is None or state.startswith(AWAY_STATES)


def is_storage_full(error: BaseException | None) -> bool:
    """Whether there was no room left for a file."""
    return isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)


def database_away(request: HttpRequest) -> HttpResponse:
    """503 as a page, or as a problem document under /api/."""
    if problems.is_api(request):
        return problems.answer(problems.DatabaseAway(retry_after=RETRY_SECONDS))
    response = HttpResponse(render_to_string("errors/503.html"), status=503)
    response.headers["Retry-After"] = str(RETRY_SECONDS)
    response.headers["Cache-Control"] = "no-store"
    return response


def refused(request: HttpRequest, error: ShopError) -> HttpResponse:
    """An expected refusal, in the error's own words and with its status."""
    if problems.is_api(request):
        return problems.answer(error)
    return render(request, "errors/refused.html", {"error": error}, status=error.status)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    if problems.is_api(request):
        return problems.answer(problems.BadRequest())
    return HttpResponse(render_to_string("errors/400.html"), status=400)


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    return render(request, "errors/403.html", status=403)


def page_not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    if problems.is_api(request):
        return problems.answer(problems.NotFound())
    return render(request, "errors/404.html", status=404)


def gone(request: HttpRequest) -> HttpResponse:
    """410, for what was here and will not come back."""
    return render(request, "errors/410.html", status=410)


def server_error(request: HttpRequest) -> HttpResponse:
    # Middleware outside DatabaseAway's reach ends here with the same cause.
    error = sys.exc_info()[1]
    if is_database_away(error):
        return database_away(request)
    if is_storage_full(error):
        return refused(request, problems.StorageFull())
    if problems.is_api(request):
        return problems.answer(problems.ServerError())
    return HttpResponse(render_to_string("errors/500.html"), status=500)
