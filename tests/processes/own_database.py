"""A PostgreSQL server of a test's own, as crash-safe as the shop's, which may be killed without harm to other tests."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from django.db import connection, connections

from shop.embedded_database import EmbeddedDatabase
from shop.embedded_database.base import SERVERS
from tests.processes import database_url


class OwnDatabase:
    """Starts as a copy of the database the test has worked on so far."""

    def __init__(self, folder: Path) -> None:
        self.server = EmbeddedDatabase(folder)

    def restart_at_once(self) -> None:
        """As after a power cut: no backend finishes anything, and the server recovers from its log."""
        self.server._run("pg_ctl", "restart", "-D", str(self.server.folder), "-m", "immediate", "-w", check=True)

    @contextmanager
    def in_use(self) -> Iterator["OwnDatabase"]:
        """This process, and those it starts from now on, work on this server."""
        self.server.acquire()
        self._copy()
        usual = {name: connection.settings_dict[name] for name in ("HOST", "NAME", "USER", "PASSWORD", "PORT")}
        own = {"HOST": str(self.server.socket_folder), "NAME": "shop", "USER": "postgres", "PASSWORD": "", "PORT": 5432}
        SERVERS[own["HOST"]] = self.server
        try:
            self._switch(own)
            yield self
        finally:
            self._switch(usual)
            del SERVERS[own["HOST"]]
            self.server.stop()
            self.server.release()

    def _switch(self, place: dict[str, object]) -> None:
        connections.close_all()
        connection.settings_dict.update(place)

    def _copy(self) -> None:
        with (
            subprocess.Popen([str(self.server.programs / "pg_dump"), database_url()], stdout=subprocess.PIPE) as dump,
            psycopg.connect(self.server.url, autocommit=True) as fresh,
        ):
            assert dump.stdout
            subprocess.run(
                [str(self.server.programs / "psql"), "-q", "-v", "ON_ERROR_STOP=1", "-o", "/dev/null", self.server.url],
                stdin=dump.stdout,
                check=True,
            )
            fresh.execute("ANALYZE")
        assert dump.returncode == 0
