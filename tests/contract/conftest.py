from collections.abc import Iterator

import pytest

from tests.checkout.conftest import shippable
from tests.contract.accounts import ACCOUNTS, Account

__all__ = ["shippable"]


@pytest.fixture(scope="module", params=sorted(ACCOUNTS))
def account(request: pytest.FixtureRequest) -> Iterator[Account]:
    """Each account in turn; the same cases are true of all."""
    with ACCOUNTS[request.param]() as found:
        yield found
