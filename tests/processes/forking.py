"""The shop served by a fresh process for each request, so that a test can kill one in the middle of it.

`X-Failpoint: before:checkout.gateways.demo:DemoGateway.create` has the request's process die there. Two addresses
are the test's own and run in such a process too: `/deeds/work` runs the jobs that are due, `/deeds/cancel?token=…`
cancels an order as staff would.
"""

import os
import socketserver
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import parse_qs
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from django.urls import get_resolver

from shop.wsgi import application as shop
from tests.processes import failpoints

StartResponse = Callable[..., Any]


class ForkingServer(socketserver.ForkingMixIn, WSGIServer):
    block_on_close = False
    max_children = 200


class QuietHandler(WSGIRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        pass


def work(token: str) -> None:
    from django.core.management import call_command

    call_command("procrastinate", "worker", "--one-shot")


def cancel(token: str) -> None:
    from checkout import orders, settlement

    settlement.cancel(orders.by_token(token))


def reconcile(token: str) -> None:
    from checkout import inventory, unfinished

    inventory.tidy()
    unfinished.bring_forward()


DEEDS = {"/deeds/work": work, "/deeds/cancel": cancel, "/deeds/reconcile": reconcile}


def application(environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
    if point := environ.get("HTTP_X_FAILPOINT"):
        failpoints.wrap(point)
    deed = DEEDS.get(environ["PATH_INFO"])
    if deed is None:
        return shop(environ, start_response)
    deed(parse_qs(environ["QUERY_STRING"]).get("token", [""])[0])
    start_response("204 No Content", [])
    return []


if __name__ == "__main__":
    # Loaded once for all children; a connection is opened by each for itself.
    get_resolver().url_patterns  # noqa: B018
    with make_server("127.0.0.1", int(os.environ["PORT"]), application, ForkingServer, QuietHandler) as server:
        server.serve_forever()
