"""The shop in processes of its own, which a test may kill: the real application and worker on the test's database."""

import contextlib
import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from urllib.parse import quote

from django.conf import settings
from django.db import connection

from shop.demo_mail import Mail, read_mails
from shop.management.commands.runshop import die_with_parent, web_arguments

START_SECONDS = 60


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def database_url() -> str:
    """The address of the database this test works on."""
    at = connection.settings_dict
    password = f":{quote(at['PASSWORD'], safe='')}" if at["PASSWORD"] else ""
    port = f":{at['PORT']}" if at["PORT"] else ""
    return f"postgres://{at['USER']}{password}@{quote(at['HOST'], safe='')}{port}/{at['NAME']}"


class Process:
    """A program with all its children. Start it from the main thread: it ends with the thread that began it."""

    def __init__(self, folder: Path, *command: str, **environment: str) -> None:
        self.folder = folder
        self.command = command
        self.environment = environment
        self.log = folder / "processes.log"
        self.popen: subprocess.Popen[bytes] | None = None

    def start(self) -> "Process":
        with self.log.open("ab") as log:
            self.popen = subprocess.Popen(
                [sys.executable, *self.command],
                cwd=settings.BASE_DIR,
                env={
                    **os.environ,
                    "DJANGO_SETTINGS_MODULE": "tests.processes.settings",
                    "DATABASE_URL": database_url(),
                    "DEMO": "1",
                    "API_REQUESTS_PER_MINUTE": "1000000",
                    "EMAIL_URL": f"filemail:///{self.folder / 'mail'}",
                    "MEDIA_FOLDER": str(self.folder / "media"),
                    "TMPDIR": str(self.folder),
                    **self.environment,
                },
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=die_with_parent,
            )
        return self

    @property
    def is_running(self) -> bool:
        return self.popen is not None and self.popen.poll() is None

    def kill(self) -> None:
        """SIGKILL to the whole group: nothing is finished, nothing tidied up."""
        assert self.popen
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.popen.pid, signal.SIGKILL)
        self.popen.wait()

    def __enter__(self) -> "Process":
        return self if self.popen else self.start()

    def __exit__(self, kind: type[BaseException] | None, error: object, trace: TracebackType | None) -> None:
        self.kill()


class Server(Process):
    """A program that answers on a port of its own."""

    def __init__(self, folder: Path, *command: str, port: int, **environment: str) -> None:
        self.port = port
        super().__init__(folder, *command, PORT=str(port), **environment)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def wait_until_served(self) -> "Server":
        deadline = time.monotonic() + START_SECONDS
        while not self.is_serving:
            if not self.is_running or time.monotonic() > deadline:
                raise RuntimeError(f"The server did not start:\n{self.log.read_text()[-4000:]}")
            time.sleep(0.05)
        return self

    @property
    def is_serving(self) -> bool:
        probe = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            probe.request("GET", "/healthz")
            return probe.getresponse().status == 200
        except OSError:
            return False
        finally:
            probe.close()


class Node(Server):
    """A web server with one process, as behind a balancer; with more threads than usual, more can happen at once."""

    def __init__(self, folder: Path, *, threads: int = 1, **environment: str) -> None:
        port = free_port()
        arguments = web_arguments()[:-1]
        for name, value in (("--port", port), ("--workers", 1), ("--blocking-threads", threads)):
            arguments[arguments.index(name) + 1] = str(value)
        super().__init__(
            folder, "-m", "granian", *arguments, "tests.processes.wsgi:application", port=port, **environment
        )


class MortalServer(Server):
    """A fresh process for each request, which may be told to die in the middle of it."""

    def __init__(self, folder: Path, **environment: str) -> None:
        super().__init__(folder, "-m", "tests.processes.forking", port=free_port(), **environment)


class Worker(Process):
    """The worker of the job queue."""

    def __init__(self, folder: Path, **environment: str) -> None:
        super().__init__(folder, "manage.py", "procrastinate", "worker", **environment)


def mails(folder: Path) -> list[Mail]:
    """What the processes of this folder have sent."""
    files = sorted((folder / "mail").glob("*.log"))
    return [mail for path in files for mail in read_mails(path.read_bytes())]
