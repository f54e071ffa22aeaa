"""What selling does when something happens to an account."""

from typing import Any

from allauth.account.models import EmailAddress

from checkout import rewards
from shop.models import User


def greet(email_address: EmailAddress, **kwargs: Any) -> None:
    """An address was verified: its owner gets the shop's welcome points, once."""
    user = email_address.user
    assert isinstance(user, User)
    rewards.welcome(user)
