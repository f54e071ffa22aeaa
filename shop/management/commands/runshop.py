"""The whole shop under one command: database, web server and worker, set up first and stopped together."""

import contextlib
import ctypes
import fcntl
import hashlib
import http.client
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

from django.apps import apps
from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.staticfiles.finders import get_finders
from django.core.management import CommandError, call_command
from django.core.management.base import BaseCommand, CommandParser
from django.db import connections

from shop.embedded_database import SHOP

STAFF_EMAIL = "staff@example.com"
START_SECONDS = 60
STOP_SECONDS = 10
# A child that ends sooner than this is broken; later, it crashed and is started again.
HEALTHY_SECONDS = 5
PR_SET_PDEATHSIG = 1


class Command(BaseCommand):
    help = "Sets up and serves the shop on http://127.0.0.1:$PORT with its worker and database, until Ctrl-C."
    requires_system_checks: list[str] = []  # noqa: RUF012  (Django's own annotation)

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--with-parent", action="store_true", help="Stop when the calling process ends.")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["with_parent"]:
            die_with_parent()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, stop)
        settings.VAR_DIR.mkdir(exist_ok=True)
        check_port(settings.PORT)
        with only_one(settings.VAR_DIR / "shop.pid"), embedded_database() as database_url:
            environment = {**os.environ, "PORT": str(settings.PORT), "DATABASE_URL": database_url}
            if settings.DEMO:
                environment["SECRET_KEY"] = kept_secret("secret-key", secrets.token_urlsafe(48))
            self.set_up()
            with Children(environment) as children:
                children.start("web", [sys.executable, "-m", "granian", *web_arguments()])
                children.start("worker", [sys.executable, "manage.py", "procrastinate", "worker"])
                wait_until_served()
                self.announce()
                children.watch()

    def set_up(self) -> None:
        call_command("compilemessages", verbosity=0)
        call_command("migrate", verbosity=0, interactive=False)
        if settings.DEMO:
            if not apps.get_model("catalog", "Listing").objects.exists():
                self.stdout.write("Loading the demo shop, once …")
                call_command("seed_demo")
            create_demo_staff()
        collect_static()
        connections.close_all()
        # From here on the database is held by the process that embedded_database() started.
        SHOP.release()

    def announce(self) -> None:
        base = f"http://127.0.0.1:{settings.PORT}"
        lines = ["", f"The shop     {base}/", f"             {base}/el/", f"The admin    {base}/staff/"]
        if settings.DEMO:
            lines.append(f"             {STAFF_EMAIL}, password {staff_password()}")
            lines.append(f"Mails sent   {base}/demo/mail/")
        self.stdout.write("\n".join([*lines, f"The API      {base}/api/docs/", "Ctrl-C stops everything.", ""]))
        self.stdout.flush()


def stop(_number: int, _frame: FrameType | None) -> NoReturn:
    # Once: a second Ctrl-C must not interrupt the tidying up.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    raise SystemExit(0)


@contextlib.contextmanager
def only_one(path: Path) -> Iterator[None]:
    """Hold the pid file, by which `make stop` finds this process; refuse a second shop in this folder."""
    with path.open("a+") as pid_file:
        try:
            fcntl.flock(pid_file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise CommandError("The shop of this folder runs already; `make stop` stops it.") from None
        pid_file.truncate(0)
        pid_file.write(str(os.getpid()))
        pid_file.flush()
        try:
            yield
        finally:
            path.unlink()


@contextlib.contextmanager
def embedded_database() -> Iterator[str]:
    """The database's address; without DATABASE_URL, of an embedded server that stops afterwards.

    The server is held by a process of its own, which lets go when its standard input closes: that happens
    even when this process is killed.
    """
    if os.environ.get("DATABASE_URL"):
        yield os.environ["DATABASE_URL"]
        return
    with subprocess.Popen(
        [sys.executable, "-m", "shop.embedded_database", "hold"],
        cwd=settings.BASE_DIR,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as holder:
        assert holder.stdin
        assert holder.stdout
        url = holder.stdout.readline().strip()
        if not url:
            raise CommandError("The embedded database did not start; see above.")
        try:
            yield url
        finally:
            connections.close_all()
            SHOP.release()
            holder.stdin.close()
            holder.wait()


def check_port(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            raise CommandError(f"Port {port} is taken; choose another: make run PORT={port + 1}") from None


def kept_secret(name: str, fresh: str) -> str:
    """A secret made at the first start and kept in var/, readable by its owner only."""
    path = settings.VAR_DIR / name
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return str(path.read_text())
    with os.fdopen(descriptor, "w") as file:
        file.write(fresh)
    return fresh


def staff_password() -> str:
    return os.environ.get("DEMO_STAFF_PASSWORD") or kept_secret("demo-staff-password", secrets.token_urlsafe(9))


def create_demo_staff() -> None:
    """Staff who may do everything in the demo, with the password that is printed."""
    users = get_user_model().objects
    staff = users.filter(email=STAFF_EMAIL).first()
    if staff is None:
        users.create_superuser(email=STAFF_EMAIL, password=staff_password())
    elif not staff.check_password(staff_password()):
        staff.set_password(staff_password())
        staff.save(update_fields=["password"])


def collect_static() -> None:
    """Collect and compress the static files if one changed; it takes longer than the rest of a start."""
    digest = hashlib.sha256()
    for finder in get_finders():
        for path, storage in finder.list(None):
            found = Path(storage.path(path)).stat()
            digest.update(f"{path} {found.st_mtime_ns} {found.st_size}\n".encode())
    stamp = settings.STATIC_ROOT / ".collected"
    if not stamp.exists() or stamp.read_text() != digest.hexdigest():
        call_command("collectstatic", verbosity=0, interactive=False, clear=True)
        stamp.write_text(digest.hexdigest())


def web_arguments() -> list[str]:
    return [
        "--interface", "wsgi",
        "--host", "127.0.0.1",
        "--port", str(settings.PORT),
        # One process a core, one thread each: threads share one interpreter lock and halve the throughput.
        "--workers", str(os.cpu_count() or 1),
        "--blocking-threads", "1",
        # The thread keeps the database connection.
        "--blocking-threads-idle-timeout", "600",
        "--respawn-failed-workers",
        "--workers-kill-timeout", str(STOP_SECONDS // 2),
        "--no-ws",
        "--log-level", "warning",
        "shop.wsgi:application",
    ]  # fmt: skip


def wait_until_served() -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        connection = http.client.HTTPConnection("127.0.0.1", settings.PORT, timeout=5)
        try:
            connection.request("GET", "/readyz")
            if connection.getresponse().status == 200:
                return
        except OSError:
            pass
        finally:
            connection.close()
        if time.monotonic() > deadline:
            raise CommandError(f"The shop does not answer on port {settings.PORT}; see the log above.")
        time.sleep(0.1)


def die_with_parent() -> None:
    """Have the kernel send SIGTERM when the parent ends in whatever way; only Linux can."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


class Children:
    """The processes of the shop: started again when they crash, stopped together at the end."""

    def __init__(self, environment: dict[str, str]) -> None:
        self.environment = environment
        self.running: dict[str, tuple[subprocess.Popen[bytes], list[str], float]] = {}
        self.proven: set[str] = set()

    def start(self, name: str, command: list[str]) -> None:
        # A session of its own, so that Ctrl-C reaches this process alone, which then stops them in order.
        child = subprocess.Popen(
            command,
            cwd=settings.BASE_DIR,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            preexec_fn=die_with_parent,
        )
        self.running[name] = (child, command, time.monotonic())

    def watch(self) -> None:
        """Wait for good; start again what ends. Raises CommandError for a child that never stayed up.

        One that ran before and now cannot waits for something outside to come back, such as the database.
        """
        while True:
            time.sleep(0.5)
            for name, (child, command, started) in list(self.running.items()):
                if child.poll() is None:
                    continue
                if time.monotonic() - started >= HEALTHY_SECONDS:
                    self.proven.add(name)
                elif name not in self.proven:
                    raise CommandError(f"The {name} ended with {child.returncode} right after its start.")
                else:
                    time.sleep(HEALTHY_SECONDS)
                self.start(name, command)

    def __enter__(self) -> "Children":
        return self

    def __exit__(self, *_error: object) -> None:
        children = [child for child, _command, _started in self.running.values()]
        for child in children:
            if child.poll() is None:
                child.terminate()
        deadline = time.monotonic() + STOP_SECONDS
        for child in children:
            try:
                child.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                os.killpg(child.pid, signal.SIGKILL)
                child.wait()
