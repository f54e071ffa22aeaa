"""Without Django, for `make`:

`python -m shop.embedded_database hold` keeps the server for as long as standard input stays open;
`python -m shop.embedded_database stop` stops the shop of this folder and its databases, whoever uses them.
"""

import contextlib
import fcntl
import os
import signal
import sys

from shop.embedded_database import BENCH, SHOP, TESTS, VAR, EmbeddedDatabaseError


def hold() -> None:
    # Whoever holds the other end stops us by closing it, dying included; Ctrl-C is meant for them.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    try:
        SHOP.acquire()
    except EmbeddedDatabaseError as error:
        sys.exit(str(error))
    sys.stdout.write(SHOP.url + "\n")
    sys.stdout.flush()
    sys.stdin.read()
    SHOP.release()


def stop() -> None:
    with contextlib.suppress(FileNotFoundError), (VAR / "shop.pid").open() as pid_file:
        try:
            fcntl.flock(pid_file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            # Locked: the process that wrote its id lives, and lets go of the file as the last thing it does.
            os.kill(int(pid_file.read()), signal.SIGTERM)
            fcntl.flock(pid_file, fcntl.LOCK_SH)
            sys.stdout.write("Stopped the shop\n")
    for server in (SHOP, TESTS, BENCH):
        if server.stop():
            sys.stdout.write(f"Stopped the database in {server.folder}\n")


if __name__ == "__main__":
    {"hold": hold, "stop": stop}[sys.argv[1]]()
