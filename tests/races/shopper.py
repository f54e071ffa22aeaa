"""A buyer without a browser: fetches pages over HTTP, fills in their forms as they come, and pays."""

from html.parser import HTMLParser
from urllib.parse import urljoin

import httpx

ADDRESS = {
    "email": "racer@example.com",
    "name": "Erika Mustermann",
    "line1": "Torstraße 1",
    "city": "Berlin",
    "postcode": "10119",
    "country": "DE",
}


class _Forms(HTMLParser):
    """The post forms of a page: action and fields with the values they would send untouched."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: list[tuple[str, dict[str, str]]] = []
        self._fields: dict[str, str] | None = None
        self._select = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        at = dict(attrs)
        if tag == "form" and (at.get("method") or "get").lower() == "post":
            self._fields = {}
            self.forms.append((at.get("action") or "", self._fields))
        if self._fields is None:
            return
        name = at.get("name") or ""
        if tag == "input" and name and at.get("type") not in ("submit", "image"):
            is_choice = at.get("type") in ("radio", "checkbox")
            if not is_choice or "checked" in at:
                self._fields[name] = at.get("value") or ""
        if tag == "select":
            self._select = name
        if tag == "option" and self._select and "selected" in at:
            self._fields[self._select] = at.get("value") or ""

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._fields = None
        if tag == "select":
            self._select = ""


class Shopper:
    """One visitor with a cookie jar of their own."""

    def __init__(self, base_url: str) -> None:
        self.client = httpx.Client(base_url=base_url, timeout=60, follow_redirects=True)

    def __enter__(self) -> "Shopper":
        return self

    def __exit__(self, *exc: object) -> None:
        self.client.close()

    def reserve(self, sku: str) -> httpx.Response:
        """Press the button of the listing page; 200 is the basket, 409 the page that says it is taken."""
        return self.client.post("/basket/reserve/", data={"sku": sku})

    def fill_in(self, page: httpx.Response, marker: str, **fields: str) -> httpx.Response:
        """Post the form of the page that has the marked field, with these fields changed."""
        parser = _Forms()
        parser.feed(page.text)
        action, values = next(form for form in parser.forms if marker in form[1])
        return self.client.post(urljoin(str(page.url), action), data=values | fields)

    def check_out(self) -> httpx.Response:
        """From the basket to the review page."""
        self.client.post("/country/", data={"country": "DE", "next": "/basket/"})
        methods = self.fill_in(self.client.get("/checkout/address/"), "email", **ADDRESS)
        return self.fill_in(methods, "shipping_method")

    def buy(self, sku: str) -> httpx.Response:
        """The whole purchase; the order's page, or the page where somebody else was faster."""
        answer = self.reserve(sku)
        if answer.status_code != httpx.codes.OK:
            return answer
        demo_page = self.fill_in(self.check_out(), "fingerprint")
        return self.client.post(demo_page.url, data={"decision": "approve"})
