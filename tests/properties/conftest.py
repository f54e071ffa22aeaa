from tests.checkout.conftest import rates, shippable

__all__ = ["rates", "shippable"]
