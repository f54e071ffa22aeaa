"""Members of staff, signed in."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import Group
from django.test import Client

from shop import staff
from shop.models import User


@pytest.fixture
def as_member(db: None) -> Callable[[str], Client]:
    """A browser in which somebody of this group is signed in; an empty group is staff without rights."""

    def sign_in(group: str) -> Client:
        staff.create_groups()
        user = User.objects.create_user(f"{group or 'nobody'}@example.com".replace(" ", "-"), is_staff=True)
        if group:
            user.groups.add(Group.objects.get(name=group))
        client = Client()
        client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
        return client

    return sign_in


@pytest.fixture
def owner(as_member: Callable[[str], Client]) -> Client:
    return as_member(staff.OWNER)


@pytest.fixture
def cataloguer(as_member: Callable[[str], Client]) -> Client:
    return as_member(staff.CATALOGUER)


@pytest.fixture
def order_desk(as_member: Callable[[str], Client]) -> Client:
    return as_member(staff.ORDER_DESK)
