"""What `make run` is made of: one shop a folder, children that stay up and end with their parent."""

import os
import re
import signal
import socket
import stat
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as shop_settings
from django.contrib.auth import get_user_model
from django.core.management import CommandError

from shop.management.commands import runshop
from shop.management.commands.runshop import Children, check_port, create_demo_staff, kept_secret, only_one

LASTING = [sys.executable, "-c", "import time; time.sleep(60)"]
DEAF = [
    sys.executable,
    "-c",
    "import signal, sys, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); "
    "open(sys.argv[1], 'w').close(); time.sleep(60)",
]
# A supervisor that says the id of its child and is then killed.
SUPERVISOR = """
import os, sys, time
from shop.management.commands.runshop import Children
children = Children(dict(os.environ))
children.start("web", [sys.executable, "-c", "import time; time.sleep(60)"])
print(children.running["web"][0].pid, flush=True)
time.sleep(60)
"""


def lives(pid: int) -> bool:
    """Whether a process runs; one that has ended and was not waited for does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def wait_for(condition: Any, seconds: float = 10) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.02)
    return False


def test_a_second_shop_in_the_same_folder_is_refused(tmp_path: Path) -> None:
    pid_file = tmp_path / "shop.pid"
    with only_one(pid_file):
        assert pid_file.read_text() == str(os.getpid())
        with pytest.raises(CommandError, match="make stop"), only_one(pid_file):
            pytest.fail("two shops in one folder")
    assert not pid_file.exists()


def test_the_file_of_a_killed_shop_is_no_hindrance(tmp_path: Path) -> None:
    pid_file = tmp_path / "shop.pid"
    pid_file.write_text("1")
    with only_one(pid_file):
        assert pid_file.read_text() == str(os.getpid())


def test_a_taken_port_is_named_with_another() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(CommandError, match=re.escape(f"make run PORT={port + 1}")):
            check_port(port)
    check_port(port)


def test_a_secret_is_made_once_and_for_its_owner_only(tmp_path: Path, settings: Any) -> None:
    settings.VAR_DIR = tmp_path
    assert kept_secret("key", "first") == "first"
    assert kept_secret("key", "second") == "first"
    assert stat.S_IMODE((tmp_path / "key").stat().st_mode) == 0o600


@pytest.mark.django_db
def test_the_printed_password_opens_the_staff_site(
    tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.VAR_DIR = tmp_path
    monkeypatch.delenv("DEMO_STAFF_PASSWORD", raising=False)
    create_demo_staff()
    staff = get_user_model().objects.get(email=runshop.STAFF_EMAIL)
    assert staff.is_staff
    assert staff.check_password((tmp_path / "demo-staff-password").read_text())

    monkeypatch.setenv("DEMO_STAFF_PASSWORD", "another one")
    create_demo_staff()
    staff.refresh_from_db()
    assert staff.check_password("another one")


def test_children_end_with_the_shop() -> None:
    with Children(dict(os.environ)) as children:
        children.start("web", LASTING)
        children.start("worker", LASTING)
        pids = [child.pid for child, _command, _started in children.running.values()]
        assert all(map(lives, pids))
    assert not any(map(lives, pids))


def test_a_child_that_does_not_listen_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runshop, "STOP_SECONDS", 0.2)
    with Children(dict(os.environ)) as children:
        children.start("web", [*DEAF, str(tmp_path / "ready")])
        assert wait_for((tmp_path / "ready").exists)
        child = children.running["web"][0]
    assert child.returncode == -signal.SIGKILL


def test_a_child_that_cannot_start_stops_everything() -> None:
    with Children(dict(os.environ)) as children:
        children.start("worker", [sys.executable, "-c", "raise SystemExit(3)"])
        with pytest.raises(CommandError, match="The worker ended with 3"):
            children.watch()


def test_a_child_that_crashes_later_is_started_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runshop, "HEALTHY_SECONDS", 0)
    starts = tmp_path / "starts"
    crash = [sys.executable, "-c", "import sys; open(sys.argv[1], 'a').write('x')", str(starts)]
    rounds = iter([None, None, KeyboardInterrupt()])

    def pause(_seconds: float) -> None:
        children.running["web"][0].wait()
        if interruption := next(rounds):
            raise interruption

    monkeypatch.setattr(runshop.time, "sleep", pause)
    with Children(dict(os.environ)) as children:
        children.start("web", crash)
        with pytest.raises(KeyboardInterrupt):
            children.watch()
    assert starts.read_text() == "xxx"


def test_a_child_that_ran_before_may_wait_for_its_database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runshop, "HEALTHY_SECONDS", 0.5)
    starts = tmp_path / "starts"
    # Runs for a second, then ends at once twice, and lasts from the fourth start on.
    script = (
        "import sys, time; open(sys.argv[1], 'a').write('x'); count = len(open(sys.argv[1]).read());"
        " time.sleep({1: 1, 2: 0, 3: 0}.get(count, 60))"
    )
    sleep = time.sleep

    def pause(seconds: float) -> None:
        sleep(min(seconds, 0.1))
        if starts.exists() and len(starts.read_text()) == 4:
            monkeypatch.undo()
            raise KeyboardInterrupt

    monkeypatch.setattr(runshop.time, "sleep", pause)
    with Children(dict(os.environ)) as children:
        children.start("worker", [sys.executable, "-c", script, str(starts)])
        with pytest.raises(KeyboardInterrupt):
            children.watch()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells children of their parent's death")
def test_children_do_not_outlive_a_killed_shop() -> None:
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "tests.settings"}
    with subprocess.Popen(
        [sys.executable, "-c", SUPERVISOR],
        cwd=shop_settings.BASE_DIR,
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
    ) as supervisor:
        assert supervisor.stdout
        child = int(supervisor.stdout.readline())
        assert lives(child)
        supervisor.kill()
    assert wait_for(lambda: not lives(child))
