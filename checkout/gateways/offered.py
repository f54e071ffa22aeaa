"""Which gateways there are, and which of them a buyer may choose."""

from decimal import Decimal

from checkout.gateways.bank_transfer import BankTransferGateway
from checkout.gateways.base import Gateway
from checkout.gateways.covered import CoveredGateway
from checkout.gateways.demo import DemoGateway
from checkout.gateways.stripe import StripeGateway

_ALL: dict[str, Gateway] = {
    gateway.code: gateway for gateway in (DemoGateway(), StripeGateway(), BankTransferGateway(), CoveredGateway())
}


def by_code(code: str) -> Gateway:
    """The gateway with this code; KeyError for one that never existed."""
    return _ALL[code]


def for_currency(currency: str, amount: Decimal | None = None) -> list[Gateway]:
    """What a buyer may choose in this currency, and for this amount where it is known; the preferred way first."""
    return [gateway for gateway in _ALL.values() if gateway.is_offered(currency, amount)]
