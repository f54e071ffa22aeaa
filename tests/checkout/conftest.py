import pytest
from pytest_django import Settings

from checkout import currency, tariff
from tests.checkout import stripe_shop
from tests.fakes.stripe import FakeStripe


@pytest.fixture
def shippable(db: None) -> None:
    """A shop with the example tariff."""
    tariff.load_example()


@pytest.fixture
def rates(db: None) -> None:
    """A shop with the rates it ships with."""
    currency.load_bundled_history()


@pytest.fixture
def fake_stripe(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> FakeStripe:
    """The shop with a key for Stripe, which is the stand-in."""
    return stripe_shop.connect(monkeypatch, settings)
