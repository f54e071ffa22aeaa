"""The editable pages: facts filled in, sanitised, printable, in both languages, and as text for mails."""

import json
import re

import pytest
from django.conf import settings
from django.core.cache import cache
from django.test import Client
from django.utils import translation

from shop import page_texts
from shop.models import Page, SellerVatMode, ShopSettings

pytestmark = pytest.mark.django_db

ROWS = json.loads((settings.BASE_DIR / "fixtures" / "pages.json").read_text(encoding="utf-8"))
SLUGS = [row["slug"] for row in ROWS]
LANGUAGES = ["en", "el"]


def a_page(body: str, **fields: str) -> Page:
    return Page.objects.create(slug="about", title_en="About", title_el="Σχετικά", body_en=body, body_el=body, **fields)


def path_of(slug: str, language: str) -> str:
    return f"/{'el/' if language == 'el' else ''}pages/{slug}/"


def test_a_fact_is_filled_in_where_it_is_named(client: Client) -> None:
    ShopSettings(withdrawal_days=30, guarantee_years=3, seller_name="Rare Discs").save()
    a_page("<p>{seller_name}: {withdrawal_days} days, {guarantee_period}.</p>")
    assert "<p>Rare Discs: 30 days, 3 years.</p>" in client.get("/pages/about/").text


def test_a_fact_the_shop_has_not_got_is_a_dash_and_an_unknown_name_stays(client: Client) -> None:
    a_page("<p>Telephone {seller_phone}, {nonsense}, {Withdrawal_days} {settings.SECRET_KEY} {0}</p>")
    page = client.get("/pages/about/").text
    assert "<p>Telephone –, {nonsense}, {Withdrawal_days} {settings.SECRET_KEY} {0}</p>" in page


@pytest.mark.parametrize("name", ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "A & B <i>"])
def test_a_fact_is_never_markup(client: Client, name: str) -> None:
    ShopSettings(seller_name=name, seller_address=name).save()
    a_page('<p>{seller_name}</p><a href="mailto:{seller_name}">{seller_address}</a>')
    body = re.findall(r'<div class="prose">(.*?)</div>', client.get("/pages/about/").text, re.S)[0]
    assert "<script" not in body
    assert "<img" not in body
    assert "<i>" not in body


def test_an_address_of_several_lines_is_one(client: Client) -> None:
    ShopSettings(seller_address="Ermou 1\r\n105 63 Athens").save()
    a_page("<p>{seller_address}</p>")
    assert "<p>Ermou 1, 105 63 Athens</p>" in client.get("/pages/about/").text


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_shop_comes_with_every_page_the_law_asks_for(client: Client, language: str) -> None:
    assert page_texts.load_examples() == len(ROWS)
    cache.clear()
    frame = client.get("/el/" if language == "el" else "/").text
    for slug in ("terms", "withdrawal", "withdrawal-form", "shipping-returns", "guarantee", "privacy", "legal-notice"):
        page = client.get(path_of(slug, language))
        assert page.status_code == 200
        assert f'href="{path_of(slug, language)}"' in frame


@pytest.mark.parametrize("row", ROWS, ids=SLUGS)
def test_every_name_in_an_example_text_is_a_fact_in_both_languages(row: dict[str, str]) -> None:
    names = [set(re.findall(r"\{([^}]*)\}", row[f"body_{language}"])) for language in LANGUAGES]
    assert names[0] == names[1]
    assert names[0] <= page_texts.FACTS.keys()


@pytest.mark.parametrize("row", ROWS, ids=SLUGS)
def test_an_example_text_survives_being_sanitised_and_links_within_its_language(row: dict[str, str]) -> None:
    page = Page(**row)
    for language in LANGUAGES:
        with translation.override(language):
            shown = page_texts.html_of(page)
        written = row[f"body_{language}"]
        assert re.findall(r"<(\w+)", shown) == re.findall(r"<(\w+)", written)
        for address in re.findall(r'href="(/[^"]*)"', written):
            assert address.startswith("/el/") is (language == "el")


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_link_of_the_example_texts_leads_somewhere(client: Client, language: str) -> None:
    page_texts.load_examples()
    for row in ROWS:
        for address in set(re.findall(r'href="(/[^"]*)"', row[f"body_{language}"])):
            assert client.get(address).status_code == 200, address


def test_missing_example_pages_are_added_and_edited_ones_stay() -> None:
    page_texts.load_examples()
    Page.objects.filter(slug="terms").update(body_en="Ours")
    Page.objects.filter(slug="guarantee").delete()
    assert page_texts.load_examples() == 1
    assert Page.objects.get(slug="terms").body_en == "Ours"


def test_the_closed_dispute_platform_is_not_named() -> None:
    """Regulation (EU) 2024/3228 ended it on 20 July 2025; naming it misleads."""
    for row in ROWS:
        for language in LANGUAGES:
            assert "ec.europa.eu/consumers/odr" not in row[f"body_{language}"]
            assert "ODR" not in row[f"body_{language}"]


@pytest.mark.parametrize(
    ("mode", "says"),
    [
        (SellerVatMode.NOT_REGISTERED, "not registered"),
        (SellerVatMode.MARGIN, "not shown separately"),
        (SellerVatMode.STANDARD, "include VAT"),
    ],
)
def test_the_tax_sentence_follows_the_sellers_status(mode: SellerVatMode, says: str) -> None:
    assert says in page_texts.tax_sentence(ShopSettings(vat_mode=mode))


@pytest.mark.parametrize(
    ("months", "says"), [(0, "Points do not expire. Gift vouchers do not expire."), (24, "expire after 24 months.")]
)
def test_what_never_expires_is_said_so(client: Client, months: int, says: str) -> None:
    ShopSettings(points_months=months, voucher_months=months).save()
    a_page("<p>{points_expiry} {voucher_expiry}</p>")
    assert says in client.get("/pages/about/").text


def test_privacy_names_every_cookie_the_shop_sets() -> None:
    from catalog.playback import PLAYER_COOKIE
    from checkout import visitors
    from checkout.preferences import COUNTRY_COOKIE, CURRENCY_COOKIE

    names = [
        visitors.COOKIE, CURRENCY_COOKIE, COUNTRY_COOKIE, PLAYER_COOKIE,
        settings.LANGUAGE_COOKIE_NAME, settings.SESSION_COOKIE_NAME, settings.CSRF_COOKIE_NAME, "messages",
    ]  # fmt: skip
    privacy = next(row for row in ROWS if row["slug"] == "privacy")
    for language in LANGUAGES:
        listed = {
            name for cell in re.findall(r"<tr><td>(.*?)</td>", privacy[f"body_{language}"]) for name in cell.split(", ")
        }
        assert listed == set(names)


def test_a_page_as_text_keeps_its_structure_and_says_addresses_in_full() -> None:
    page = a_page(
        '<h2>One</h2><p>First\n line.</p><ul><li>a &amp; b</li><li>c</li></ul><p>See <a href="/pages/x/">here</a>, '
        '<a href="https://example.org/">there</a>.<br>Next</p><table><tr><th>T</th><td>1</td></tr></table>'
        '<img src="/media/n.png" alt="Notice">'
    )
    assert page_texts.text_of(page) == (
        "About\n=====\n\nOne\n\nFirst line.\n\n- a & b\n- c\n\n"
        f"See here ({settings.BASE_URL}/pages/x/), there.\nNext\n\n"
        "T 1\n\nNotice"
    )
    assert page_texts.texts_of("about", "missing") == page_texts.text_of(page)


def test_the_staff_guide_names_every_fact() -> None:
    guide = (settings.BASE_DIR / "docs" / "staff.md").read_text(encoding="utf-8")
    assert set(re.findall(r"`\{([a-z_]+)\}`", guide)) == page_texts.FACTS.keys()
