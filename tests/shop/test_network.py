"""Whose address counts, behind which proxies, and that accounts count by the same."""

from typing import Any

import pytest
from allauth.account.adapter import get_adapter
from django.test import Client, RequestFactory

from shop.network import client_address


@pytest.mark.parametrize(
    ("proxies", "peer", "forwarded", "found"),
    [
        (1, "8.8.8.8", "", "8.8.8.8"),
        (1, "10.0.0.2", "198.51.100.7", "198.51.100.7"),
        (1, "127.0.0.1", "made up, 198.51.100.7", "198.51.100.7"),
        (1, "", "198.51.100.7", "198.51.100.7"),  # over a unix socket
        (1, "8.8.8.8", "198.51.100.7", "8.8.8.8"),  # nobody of ours wrote that
        (1, "10.0.0.2", "", "10.0.0.2"),
        (2, "10.0.0.2", "made up, 198.51.100.7, 10.0.0.9", "198.51.100.7"),
        (2, "10.0.0.2", "198.51.100.7", "198.51.100.7"),
        (0, "10.0.0.2", "198.51.100.7", "10.0.0.2"),
    ],
)
def test_the_address_is_the_one_our_outermost_proxy_saw(
    rf: RequestFactory, settings: Any, proxies: int, peer: str, forwarded: str, found: str
) -> None:
    settings.PROXIES = proxies
    headers = {"X-Forwarded-For": forwarded} if forwarded else {}
    request = rf.get("/", headers=headers, REMOTE_ADDR=peer)
    assert client_address(request) == found
    assert get_adapter().get_client_ip(request) == found


@pytest.mark.django_db
def test_one_who_tries_passwords_locks_out_nobody_else_behind_the_proxy(settings: Any) -> None:
    settings.ACCOUNT_RATE_LIMITS = {"login_failed": "2/m/ip"}

    def try_from(address: str) -> int:
        fields = {"login": "anna@example.com", "password": "wrong"}
        return Client().post("/account/login/", fields, headers={"X-Forwarded-For": address}).content.count(b"Too many")

    assert [try_from("198.51.100.7") for _time in range(3)] == [0, 0, 1]
    assert try_from("198.51.100.8") == 0
