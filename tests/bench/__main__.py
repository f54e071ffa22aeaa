"""`make bench`: how fast the shop is, one JSON line a figure, each beside a floor measured in the same run.

Absolute figures differ from machine to machine and from hour to hour; their ratio to what the same server reaches
when the shop does nothing differs little. Server, database and load share this machine.
"""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from shop.embedded_database import BENCH as DATABASE
from shop.embedded_database import VAR
from tests.bench.buying import buy_each
from tests.bench.load import Connection, Figure, get, post_each

LISTINGS = 2000
SECONDS = 3.0
RESERVATIONS = 400
START_SECONDS = 60
LOG = VAR / "bench.log"


def main() -> None:
    DATABASE.acquire()
    port = free_port()
    os.environ.update(
        DATABASE_URL=DATABASE.url,
        DEMO="1",
        BENCH="1",
        PORT=str(port),
        DJANGO_SETTINGS_MODULE="shop.settings",
    )
    set_up()
    # On two cores; no server runs beside the buyers.
    report("checkout end to end", buy_each(free_pieces()), reach_per_second=40)
    with server(port):
        ok = get(port, "/bench/ok", seconds=SECONDS)
        select = get(port, "/bench/select", seconds=SECONDS)
        report("ok", ok)
        report("select", select, floor="ok", floor_figure=ok)
        for what, path, reach in pages():
            report(what, get(port, path, seconds=SECONDS), floor="select", floor_figure=select, reach=reach)
        # One client on either side: a reservation beside the smallest write PostgreSQL can make.
        forms = [f"sku={sku}" for sku in free_pieces()]
        reserved = post_each(port, "/basket/reserve/", forms, expected=302)
        report("reserve", reserved, floor="pgbench simple-update", floor_figure=pgbench(), reach=0.4)


def report(
    what: str,
    figure: Figure,
    *,
    floor: str = "",
    floor_figure: Figure | None = None,
    reach: float | None = None,
    reach_per_second: float | None = None,
) -> None:
    line: dict[str, object] = {
        "what": what,
        "per_second": round(figure.per_second, 1),
        "p95_ms": round(figure.p95, 2),
    }
    if floor_figure is not None:
        ratio = figure.per_second / floor_figure.per_second
        line |= {"floor": floor, "floor_per_second": round(floor_figure.per_second, 1), "ratio": round(ratio, 3)}
        if reach is not None:
            line |= {"reach": reach, "is_reached": ratio >= reach}
    if reach_per_second is not None:
        line |= {"reach_per_second": reach_per_second, "is_reached": figure.per_second >= reach_per_second}
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


def set_up() -> None:
    """A fresh shop with LISTINGS pieces."""
    with psycopg.connect(DATABASE.url.replace("/shop", "/postgres"), autocommit=True) as connection:
        connection.execute("DROP DATABASE IF EXISTS shop WITH (FORCE)")
        connection.execute("CREATE DATABASE shop")
    import django

    django.setup()
    from django.core.management import call_command

    from shop.management.commands.runshop import collect_static
    from shop.models import ShopSettings

    call_command("migrate", verbosity=0)
    collect_static()
    call_command("seed_demo", verbosity=0)
    call_command("seed_demo", listings=LISTINGS, verbosity=0)
    settings = ShopSettings.current()
    # All the load comes from one address.
    settings.reservations_per_address = 30_000
    settings.save()
    with psycopg.connect(DATABASE.url, autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE")


def pages() -> Iterator[tuple[str, str, float | None]]:
    """Name, address, and the share of `select` to reach where one is set."""
    from catalog.models import Listing

    yield "listing page", Listing.objects.for_sale().order_by("pk")[0].get_absolute_url(), 0.25
    yield "browse page", "/dvds/", None
    yield "API list of 50 listings", "/api/v1/listings/?limit=50", None


def free_pieces() -> list[str]:
    from catalog.models import Listing

    return list(Listing.objects.for_sale().order_by("-pk").values_list("sku", flat=True)[:RESERVATIONS])


def pgbench() -> Figure:
    """PostgreSQL's own benchmark on the same server: one client, one update and one insert a transaction."""
    with psycopg.connect(DATABASE.url, autocommit=True) as connection:
        connection.execute("DROP DATABASE IF EXISTS pgbench WITH (FORCE)")
        connection.execute("CREATE DATABASE pgbench")
    address = ["-h", str(DATABASE.socket_folder), "-U", "postgres", "pgbench"]
    program = str(DATABASE.programs / "pgbench")
    subprocess.run([program, "-i", "-q", *address], check=True, capture_output=True)
    done = subprocess.run(
        [program, "-N", "-c", "1", "-T", str(int(SECONDS)), *address], check=True, capture_output=True, text=True
    )
    said = dict(line.split(" = ", 1) for line in done.stdout.splitlines() if " = " in line)
    latency = float(said["latency average"].split()[0])
    return Figure(per_second=float(said["tps"].split()[0]), p95=latency)


@contextmanager
def server(port: int) -> Iterator[None]:
    """The shop as `make run` serves it, without the worker."""
    from shop.management.commands.runshop import web_arguments

    with (
        LOG.open("wb") as log,
        subprocess.Popen([sys.executable, "-m", "granian", *web_arguments()], stderr=log) as process,
    ):
        try:
            wait_until_served(port)
            yield
        finally:
            process.terminate()


def wait_until_served(port: int) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            if Connection(port).get("/readyz") == 200:
                return
        except OSError:
            pass
        if time.monotonic() > deadline:
            raise RuntimeError("The server did not start.")
        time.sleep(0.1)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


if __name__ == "__main__":
    main()
