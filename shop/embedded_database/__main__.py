"""`python -m shop.embedded_database hold`: keep the server for as long as standard input stays open.
`python -m shop.embedded_database stop`: stop the servers of this checkout, whoever uses them.
"""

import signal
import sys

from shop.embedded_database import SHOP, TESTS, EmbeddedDatabaseError


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
    for server in (SHOP, TESTS):
        if server.stop():
            sys.stdout.write(f"Stopped the database in {server.folder}\n")


if __name__ == "__main__":
    {"hold": hold, "stop": stop}[sys.argv[1]]()
