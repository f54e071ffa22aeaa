import json
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from django.conf import LazySettings

from checkout import invariants
from tests.checkout.conftest import rates, shippable
from tests.checkout.stripe_shop import connect
from tests.fakes.stripe import FakeStripe
from tests.fakes.stripe.server import FakeStripeServer
from tests.processes import MortalServer, mails
from tests.races import verdicts
from tests.races.shopper import Shopper

__all__ = ["rates", "shippable"]
CONVERGES_WITHIN = 60


@pytest.fixture(scope="session")
def server_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("shop")


@pytest.fixture(scope="session")
def _server(server_folder: Path, django_db_setup: None, django_db_blocker: Any) -> Iterator[MortalServer]:
    with django_db_blocker.unblock():
        server = MortalServer(server_folder)
        server.start()
    with server:
        server.wait_until_served()
        yield server


@pytest.fixture(scope="session")
def _stripe() -> Iterator[FakeStripeServer]:
    server = FakeStripeServer()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="session")
def _server_with_stripe(
    server_folder: Path, _stripe: FakeStripeServer, django_db_setup: None, django_db_blocker: Any
) -> Iterator[MortalServer]:
    with django_db_blocker.unblock():
        server = MortalServer(
            server_folder,
            STRIPE_API_BASE=_stripe.url,
            STRIPE_SECRET_KEY="sk_test_fake",
            STRIPE_WEBHOOK_SECRET=_stripe.fake.secret,
        )
        server.start()
    with server:
        server.wait_until_served()
        yield server


class MortalShop:
    """The shop on a server whose processes can be told to die, and what it has mailed."""

    def __init__(self, url: str, folder: Path) -> None:
        self.url = url
        self.folder = folder

    def deed(self, name: str, *, die: str = "", **arguments: str) -> None:
        """Do something in a process of its own: work, reconcile, cancel. With `die`, it must not survive it."""
        with httpx.Client(base_url=self.url, timeout=60) as client:
            if die:
                with pytest.raises(httpx.TransportError):
                    client.post(f"/deeds/{name}", params=arguments, headers={"X-Failpoint": die})
            else:
                client.post(f"/deeds/{name}", params=arguments).raise_for_status()

    def subjects(self) -> list[str]:
        return [mail.subject for mail in mails(self.folder)]


@pytest.fixture
def mortal_shop(_server: MortalServer, server_folder: Path, transactional_db: None) -> MortalShop:
    shutil.rmtree(server_folder / "mail", ignore_errors=True)
    return MortalShop(_server.url, server_folder)


@pytest.fixture
def stripe_shop(_server_with_stripe: MortalServer, server_folder: Path, transactional_db: None) -> MortalShop:
    shutil.rmtree(server_folder / "mail", ignore_errors=True)
    return MortalShop(_server_with_stripe.url, server_folder)


@pytest.fixture
def provider(_stripe: FakeStripeServer, monkeypatch: pytest.MonkeyPatch, settings: LazySettings) -> FakeStripe:
    """A stand-in for Stripe with empty books, which this process and the mortal ones speak to."""
    fake = connect(monkeypatch, settings)
    monkeypatch.setattr(_stripe, "fake", fake)
    return fake


@pytest.fixture
def buyer(mortal_shop: MortalShop) -> Iterator[Shopper]:
    with Shopper(mortal_shop.url) as shopper:
        yield shopper


@pytest.fixture
def is_right_again(
    record_property: Callable[[str, object], None], request: pytest.FixtureRequest
) -> Callable[[], None]:
    """Call it when all is well again: it proves it from all sides, and reports how long that took."""
    started = time.monotonic()

    def check(money_astray: Callable[[], list[str]] = verdicts.money_astray) -> None:
        seconds = time.monotonic() - started
        assert invariants.find_broken() == []
        assert money_astray() == []
        assert seconds < CONVERGES_WITHIN
        record_property("figures", json.dumps({"fault": request.node.name, "seconds": round(seconds, 1)}))

    return check
