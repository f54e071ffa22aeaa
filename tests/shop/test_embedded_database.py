"""The server comes with its first user and goes with its last, however that one ends."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import LiteralString

import psycopg
import pytest

from shop.embedded_database import DATABASE, SUPERUSER, EmbeddedDatabase, EmbeddedDatabaseError

USER = """
import sys
from pathlib import Path
from shop.embedded_database import EmbeddedDatabase
database = EmbeddedDatabase(Path(sys.argv[1]), durable=False)
database.acquire()
print("up", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def database(tmp_path: Path) -> Iterator[EmbeddedDatabase]:
    found = EmbeddedDatabase(tmp_path / "data", durable=False)
    yield found
    found.stop()


def user_of(database: EmbeddedDatabase) -> "subprocess.Popen[str]":
    """Another process that uses the server until its standard input closes."""
    user = subprocess.Popen(
        [sys.executable, "-c", USER, str(database.folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert user.stdout
    assert user.stdout.readline() == "up\n"
    return user


def leave(user: "subprocess.Popen[str]") -> None:
    user.communicate()
    assert user.returncode == 0


def ask(database: EmbeddedDatabase, question: LiteralString) -> object:
    with psycopg.connect(host=str(database.socket_folder), user=SUPERUSER, dbname=DATABASE) as connection:
        cursor = connection.execute(question)
        while cursor.nextset():
            pass
        row = cursor.fetchone()
        assert row
        return row[0]


def is_running(database: EmbeddedDatabase) -> bool:
    try:
        return ask(database, "SELECT 1") == 1
    except psycopg.OperationalError:
        return False


def test_the_last_user_stops_it(database: EmbeddedDatabase) -> None:
    first, second = user_of(database), user_of(database)
    leave(first)
    assert is_running(database)
    leave(second)
    assert not is_running(database)


def test_a_killed_user_leaves_it_to_the_next(database: EmbeddedDatabase) -> None:
    killed = user_of(database)
    killed.kill()
    killed.communicate()
    assert is_running(database)
    leave(user_of(database))
    assert not is_running(database)


def test_data_stays_over_a_restart(database: EmbeddedDatabase) -> None:
    user = user_of(database)
    ask(database, "CREATE SEQUENCE kept START 7; SELECT nextval('kept')")
    leave(user)
    user = user_of(database)
    assert ask(database, "SELECT nextval('kept')") == 8
    leave(user)


def test_it_sorts_and_folds_alike_everywhere(database: EmbeddedDatabase) -> None:
    user = user_of(database)
    assert ask(database, "SELECT datlocale FROM pg_database WHERE datname = 'shop'") == "C.UTF-8"
    assert ask(database, "SELECT lower('ΘΊΑΣΟΣ')") == "θίασοσ"
    leave(user)


def test_only_its_own_account_may_connect(database: EmbeddedDatabase) -> None:
    user = user_of(database)
    assert database.folder.stat().st_mode & 0o077 == 0
    assert ask(database, "SHOW listen_addresses") == ""
    leave(user)


def test_a_long_path_has_its_socket_elsewhere(tmp_path: Path) -> None:
    deep = EmbeddedDatabase(tmp_path / ("d" * 60) / ("e" * 60))
    assert len(os.fsencode(deep.socket_folder)) < 80
    assert deep.socket_folder != EmbeddedDatabase(tmp_path / ("d" * 60) / ("f" * 60)).socket_folder


def test_data_of_another_version_is_left_alone(database: EmbeddedDatabase) -> None:
    database.folder.mkdir()
    (database.folder / "PG_VERSION").write_text("9.6\n")
    (database.folder / "shop-ready").touch()
    with pytest.raises(EmbeddedDatabaseError, match=r"PostgreSQL 9\.6"):
        database.acquire()
    assert (database.folder / "PG_VERSION").read_text() == "9.6\n"
