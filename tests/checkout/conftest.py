import pytest

from checkout import currency, tariff


@pytest.fixture
def shippable(db: None) -> None:
    """A shop with the example tariff."""
    tariff.load_example()


@pytest.fixture
def rates(db: None) -> None:
    """A shop with the rates it ships with."""
    currency.load_bundled_history()
