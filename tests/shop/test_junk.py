"""Whatever is sent, the answer is one of ours: no junk in an address, a cookie or a form makes a 5xx."""

from typing import Any

import pytest
from django.test import Client
from django.urls import NoReverseMatch

from checkout import tariff
from shop.models import User
from tests.catalog.pieces import a_listed_piece
from tests.checkout.storefront import order
from tests.shop.test_access import addresses, path_of

JUNK = ["\0", "%00", "'\"><script>", "-1", "9" * 400, "NaN", "1e309", "\udcff", "../../etc/passwd", "٣", "x" * 5000]
QUERIES = [
    "q=%00&page=%00&sort=%00&next=%00&o=-99999999999999999999&p=-1&e=1&%00=%00&=&&==",
    "q=%ff%fe" + "%F0%9F%93%80" * 100 + "&page=" + "9" * 400 + "&year=%ff&price_min=NaN&cursor=" + "A" * 300,
]
COOKIES = ["currency", "country", "player", "basket", "language", "sessionid", "csrftoken", "messages"]


@pytest.fixture
def strangers(db: None) -> list[Client]:
    """Somebody unknown, and somebody who may see everything."""
    tariff.load_example()
    root = Client(raise_request_exception=False)
    root.force_login(
        User.objects.create_superuser("root@example.com"),
        backend="allauth.account.auth_backends.AuthenticationBackend",
    )
    return [Client(raise_request_exception=False), root]


def paths() -> list[str]:
    found = set()
    for name, _entry in addresses():
        try:
            found.add(path_of(name, {}))
        except NoReverseMatch:
            continue
    assert len(found) > 100
    return sorted(found)


def is_ours(response: Any) -> bool:
    return bool(response.status_code < 500)


@pytest.mark.parametrize("query", QUERIES, ids=lambda text: text[:20])
def test_no_query_breaks_an_address(strangers: list[Client], query: str) -> None:
    broken = []
    for path in paths():
        client = strangers[path.startswith("/staff/")]
        if "logout" not in path and not is_ours(client.get(f"{path}?{query}")):
            broken.append(path)
    assert broken == []


@pytest.mark.parametrize("junk", JUNK, ids=lambda text: ascii(text)[:20])
def test_no_piece_of_an_address_breaks_it(strangers: list[Client], junk: str) -> None:
    raw = junk.encode("utf-8", "surrogateescape").decode("latin-1")
    patterns = (
        "/dvds/{}/", "/dvds/{}/{}/", "/films/{}/x/", "/films/1/{}/", "/people/{}/x/", "/programmes/{}/", "/pages/{}/",
        "/orders/{}/", "/checkout/pay/{}/", "/checkout/return/{}/", "/checkout/demo/{}/", "/media/{}", "/{}/",
        "/el/{}/",
        "/api/v1/listings/{}/", "/api/v1/films/{}/", "/api/v1/orders/{}/", "/account/confirm-email/{}/",
        "/account/password/reset/key/{}-{}/", "/staff/catalog/listing/{}/change/", "/staff/checkout/order/{}/change/",
    )  # fmt: skip
    broken = []
    for pattern in patterns:
        for client in strangers:
            # As a server hands it over: the bytes of the path, read as latin-1.
            response = client.generic("GET", "/", PATH_INFO=pattern.format(raw, raw))
            if not is_ours(response):
                broken.append((pattern, response.status_code))
    assert broken == []


@pytest.mark.parametrize("junk", [value for value in JUNK if value != "\udcff"], ids=lambda text: ascii(text)[:20])
def test_no_cookie_breaks_a_page(strangers: list[Client], junk: str) -> None:
    raw = junk.encode().decode("latin-1")  # as a server hands it over
    for path in (
        "/",
        "/dvds/",
        "/basket/",
        "/checkout/address/",
        "/shipping/",
        "/account/login/",
        "/staff/",
        "/api/v1/basket/",
    ):
        for name in COOKIES:
            response = strangers[0].generic("GET", path, HTTP_COOKIE=f"{name}={raw}")
            assert is_ours(response), (path, name)


FORMS = {
    "/basket/reserve/": ("sku", "next"),
    "/basket/release/": ("sku", "next"),
    "/currency/": ("currency", "next"),
    "/country/": ("country", "next"),
    "/player/": ("region", "country", "profile", "player", "next"),
    "/checkout/address/": (
        "email", "phone", "buyer_note", "name", "line1", "city", "postcode", "country", "region", "billing_country",
        "is_billed_elsewhere", "billing-name", "billing-line1", "billing-city", "billing-postcode",
    ),
    "/checkout/method/": ("shipping_method", "payment_method"),
    "/checkout/review/": ("token", "total", "currency", "fingerprint"),
    "/account/login/": ("login", "password", "next"),
    "/account/signup/": ("email", "password1", "next"),
    "/account/password/reset/": ("email",),
    "/staff/language/": ("language", "next"),
}  # fmt: skip


@pytest.mark.parametrize("junk", [*JUNK, "x" * 1_000_000], ids=lambda text: ascii(text)[:16] + str(len(text)))
def test_no_field_breaks_a_form(strangers: list[Client], junk: str) -> None:
    buyer = Client(raise_request_exception=False)
    buyer.post("/basket/reserve/", {"sku": a_listed_piece().sku})
    placed = order(Client(), a_listed_piece())
    forms = FORMS | {
        f"/checkout/pay/{placed.token}/": ("payment_method",),
        f"/checkout/demo/{placed.payments.get().reference}/": ("decision",),
    }
    sent = junk.encode("utf-8", "surrogateescape")
    for path, fields in forms.items():
        for chosen in (fields, *([field] for field in fields if junk == "\0")):
            values = {field: sent if field in chosen else b"DE" for field in fields}
            body = b"\r\n".join(
                b'--edge\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s' % (name.encode(), value)
                for name, value in values.items()
            )
            response = buyer.generic(
                "POST", path, body + b"\r\n--edge--\r\n", content_type="multipart/form-data; boundary=edge"
            )
            assert is_ours(response), (path, chosen)


@pytest.mark.parametrize(
    "content_type",
    [
        "application/json", "text/plain", "multipart/form-data", "multipart/form-data; boundary=\0",
        "multipart/form-data; boundary=" + "x" * 500, "application/x-www-form-urlencoded; charset=nonsense", "", "\0",
        "application/x-www-form-urlencoded; charset=utf-7",
    ],
)  # fmt: skip
def test_no_content_type_breaks_a_form(strangers: list[Client], content_type: str) -> None:
    for path in FORMS:
        for body in (b"", b"\0\xff", b"{", b"=" * 1000, b"&a=%ff%00" * 3000):
            response = strangers[0].generic("POST", path, body, content_type=content_type)
            assert is_ours(response), (path, body[:10])


@pytest.mark.parametrize(
    "target",
    ["https://evil.example/", "//evil.example/", "/\\evil.example/", "\\\\evil.example", "http:///evil.example",
     "javascript:alert(1)", "https:evil.example", "/\t/evil.example/", " //evil.example", "/%0d%0aSet-Cookie:a=b",
     "http://testserver@evil.example/", "/\r\nX-A: b"],
)  # fmt: skip
def test_no_form_leads_to_another_site(strangers: list[Client], target: str) -> None:
    for path, values in (
        ("/currency/", {"currency": "USD"}),
        ("/country/", {"country": "DE"}),
        ("/player/", {"country": "DE"}),
        ("/staff/language/", {"language": "el"}),
    ):
        response = strangers[0].post(path, values | {"next": target})
        assert is_ours(response), path
        there = response.get("Location", "/")
        assert there.startswith("/"), (path, there)
        assert not there.startswith(("//", "/\\", "/\t")), (path, there)
        assert "X-A" not in response
