"""The texts of the editable pages: what staff wrote, with the shop's own facts filled in, as HTML or as plain text.

A text names a fact in braces, such as {withdrawal_days}, so that no figure is typed twice. The example texts of a
first start are in fixtures/pages.json.
"""

import json
import re
from collections.abc import Callable
from html import escape
from html.parser import HTMLParser

import nh3
from django.conf import settings
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django_countries import countries

from shop.models import Page, SellerVatMode, ShopSettings

# What staff may use in a page; scripts, styles and event attributes never pass.
TAGS = {
    "a", "abbr", "b", "blockquote", "br", "caption", "code", "dd", "dl", "dt", "em", "h2", "h3", "h4", "hr", "i",
    "img", "li", "ol", "p", "small", "strong", "table", "tbody", "td", "th", "thead", "tr", "u", "ul",
}  # fmt: skip
ATTRIBUTES = {
    "a": {"href", "hreflang", "lang", "title"},
    "img": {"alt", "height", "src", "width"},
    "p": {"lang"},
    "th": {"scope"},
    "td": {"colspan"},
}
UNKNOWN = "–"
_NAME = re.compile(r"\{([a-z_]+)\}")

# What a text may name, and what stands there instead.
FACTS: dict[str, Callable[[ShopSettings], object]] = {
    "seller_name": lambda shop: shop.seller_name,
    "seller_address": lambda shop: ", ".join(line.strip() for line in shop.seller_address.splitlines()),
    "seller_country": lambda shop: countries.name(shop.seller_country),
    "seller_email": lambda shop: shop.seller_email,
    "seller_phone": lambda shop: shop.seller_phone,
    "seller_vat_id": lambda shop: shop.seller_vat_id,
    "seller_register": lambda shop: shop.seller_register,
    "shop_address": lambda shop: settings.BASE_URL,
    "tax_sentence": lambda shop: tax_sentence(shop),
    "withdrawal_days": lambda shop: shop.withdrawal_days,
    "guarantee_period": lambda shop: guarantee_period(shop),
    "reservation_minutes": lambda shop: shop.reservation_minutes,
    "bank_transfer_days": lambda shop: shop.bank_transfer_days,
    "points_per_euro": lambda shop: f"{shop.points_per_euro.normalize():f}",
    "points_for_one_euro": lambda shop: shop.points_for_one_euro,
    "points_goods_percent": lambda shop: shop.points_goods_percent,
    "points_expiry": lambda shop: _points_expiry(shop),
    "voucher_expiry": lambda shop: _voucher_expiry(shop),
}


def tax_sentence(shop: ShopSettings) -> str:
    """What a price contains. Under the margin scheme no VAT may be shown (Directive 2006/112/EC, article 325)."""
    if shop.vat_mode == SellerVatMode.NOT_REGISTERED:
        return _("The seller is not registered for VAT: none is charged.")
    if shop.vat_mode == SellerVatMode.STANDARD:
        return _("Prices include VAT.")
    return _("Prices include any VAT due; under the margin scheme for second-hand goods it is not shown separately.")


def guarantee_period(shop: ShopSettings) -> str:
    """How long the legal guarantee lasts: `2 years`."""
    return ngettext("%(n)d year", "%(n)d years", shop.guarantee_years) % {"n": shop.guarantee_years}


def _points_expiry(shop: ShopSettings) -> str:
    months = shop.points_months
    if not months:
        return _("Points do not expire.")
    return ngettext("Points expire after %(n)d month.", "Points expire after %(n)d months.", months) % {"n": months}


def _voucher_expiry(shop: ShopSettings) -> str:
    months = shop.voucher_months
    if not months:
        return _("Gift vouchers do not expire.")
    return ngettext("Gift vouchers expire after %(n)d month.", "Gift vouchers expire after %(n)d months.", months) % {
        "n": months
    }


def html_of(page: Page) -> SafeString:
    """The page's text to be shown; sanitised after the facts are filled in, whoever wrote either."""
    return mark_safe(nh3.clean(_filled_in(page.body), tags=TAGS, attributes=ATTRIBUTES))  # noqa: S308 - sanitised here


def text_of(page: Page) -> str:
    """The same as plain text with addresses in full, for a mail that has to be kept (a durable medium)."""
    reader = _PlainText()
    reader.feed(html_of(page))
    reader.close()
    return f"{page.title}\n{'=' * len(page.title)}\n\n{reader.text()}"


def _filled_in(body: str) -> str:
    """The text with its facts; a name that is none stays as it is, a fact the shop has not got is a dash."""
    shop = ShopSettings.current()

    def fact(match: re.Match[str]) -> str:
        find = FACTS.get(match[1])
        return match[0] if find is None else escape(str(find(shop))) or UNKNOWN

    return _NAME.sub(fact, body)


class _PlainText(HTMLParser):
    """Sanitised HTML as lines: an empty one between paragraphs, a dash before items, addresses behind links."""

    _APART = frozenset({"p", "h2", "h3", "h4", "ul", "ol", "dl", "table", "blockquote", "hr"})
    _LINES = frozenset({"li", "dt", "dd", "tr", "br", "caption"})

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._parts: list[str] = []
        self._links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in self._APART:
            self._parts.append("\n\n")
        elif tag in self._LINES:
            self._parts.append("\n- " if tag == "li" else "\n")
        elif tag in ("td", "th"):
            self._parts.append(" ")
        elif tag == "img":
            self._parts.append(dict(attrs).get("alt") or "")
        elif tag == "a":
            self._links.append(dict(attrs).get("href") or "")

    def handle_endtag(self, tag: str) -> None:
        if tag in self._APART:
            self._parts.append("\n\n")
        elif tag == "a" and self._links:
            address = self._links.pop()
            if address.startswith("/"):
                self._parts.append(f" ({settings.BASE_URL}{address})")

    def handle_data(self, data: str) -> None:
        self._parts.append(re.sub(r"\s+", " ", data))

    def text(self) -> str:
        """What was read, without spaces at the ends of lines or more than one empty line."""
        lines = "\n".join(line.strip() for line in "".join(self._parts).split("\n"))
        return re.sub(r"\n{3,}", "\n\n", lines).strip()


def texts_of(*slugs: str) -> str:
    """Several pages one after the other as plain text, in the language in use; those that are missing are left out."""
    pages = {page.slug: page for page in Page.objects.filter(slug__in=slugs)}
    return "\n\n\n".join(text_of(pages[slug]) for slug in slugs if slug in pages)


def load_examples() -> int:
    """Add the example pages the shop does not have yet; pages that staff have edited stay. Returns how many."""
    rows = json.loads((settings.BASE_DIR / "fixtures" / "pages.json").read_text(encoding="utf-8"))
    have = set(Page.objects.values_list("slug", flat=True))
    return len(Page.objects.bulk_create([Page(**row) for row in rows if row["slug"] not in have]))
