"""The page of one piece: every fact, sold, reserved, withdrawn, unknown, moved."""

import json
import re
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from catalog import listings
from catalog.models import (
    Award,
    AwardBody,
    Company,
    FactClaim,
    Listing,
    Person,
    Programme,
    Review,
    Screening,
    Source,
    Venue,
)
from catalog.vocabularies import ConditionComponent, Rights
from tests.catalog.pieces import a_draft, a_reserved_piece
from tests.catalog.shelf import a_film, a_piece, a_sold_one, an_edition_of

pytestmark = pytest.mark.django_db


def structured_data(text: str) -> list[dict[str, Any]]:
    return [
        json.loads(found) for found in re.findall(r'<script type="application/ld\+json">(.*?)</script>', text, re.S)
    ]


@pytest.fixture
def rich_piece() -> Listing:
    """A piece of whose film every kind of fact is known."""
    film = a_film(
        original_title="Летят журавли",
        original_title_language="ru",
        runtime_min=95,
        sound_mix=["Mono"],
        keywords=["moscow russia"],
        locations=["Mosfilm Studios"],
        aspect_ratios=[Decimal("1.37")],
        external_wins=6,
    )
    critic, shop = Source.objects.create(code="critic", name="Critic"), Source.objects.create(code="shop", name="Shop")
    mosfilm = Company.objects.create(name="Mosfilm")
    veronika = Person.objects.create(name="Tatyana Samoylova")
    veronika.names.create(name="Tatiana Samoilova")
    film.titles.create(text="Als de kraanvogels overvliegen", language="nl", kind="translated")
    film.texts.create(kind="synopsis", body="First paragraph.\n\nSecond paragraph.")
    film.texts.create(kind="plot", body="Boris dies.", spoiler=True)
    film.texts.create(kind="trivia", body="The camera was carried by hand.", source=critic)
    film.texts.create(kind="quote", body="Dear mother!", speaker="Stepan")
    film.credits.create(person=veronika, role="actor", character="Veronika", credited_as="T. Samoylova", billing=1)
    film.companies.create(company=mosfilm, role="production")
    film.releases.create(date="1957-10-12", territory="SU", kind="premiere")
    film.box_office.create(measure="admissions", territory="SU", value=28_300_000)
    film.box_office.create(measure="gross", territory="US+CA", value=17_923, currency="USD")
    film.external_ids.create(scheme="imdb_title", value="tt0050634")
    film.external_ratings.create(
        rating_source="critic", value="8.3", scale="10", checked_on="2026-11-01", is_public=True
    )
    film.external_ratings.create(rating_source="imdb", value="9.9", scale="10", is_public=False)
    film.certificates.create(system="MPA", value="Not Rated", territory="US")
    film.connections.create(kind="edited_into", title="Nitrato d'argento", year=1996)
    film.links.create(kind="official", title="Mosfilm’s page", url="https://www.mosfilm.ru/")
    palme = Award.objects.create(
        body=AwardBody.objects.create(name="Cannes Film Festival"), name="Palme d'Or", aliases=["Golden Palm"]
    )
    film.award_results.create(award=palme, year=1958, result="won", note="the only Soviet film to win it")
    for value, source in (("95", critic), ("97", shop)):
        FactClaim.objects.create(film=film, fact="runtime_min", value=value, source=source, is_preferred=value == "95")
    approved = Review.Moderation.APPROVED
    Review.objects.create(
        film=film, kind="essay", title="The stairs", body="An essay of ours.", rights=Rights.OWN, moderation=approved
    )
    Review.objects.create(
        film=film, kind="critic", author_name="Bosley Crowther", publication="New York Times", url="https://nyt.example/",
        rights=Rights.LINK_ONLY, moderation=approved,
    )  # fmt: skip
    Review.objects.create(film=film, kind="comment", title="Unread by staff", body="x", rights=Rights.LICENSED)
    programme = Programme.objects.create(slug="russian-thaw", title_en="Russian Thaw", text_en="A short spring.")
    programme.programme_films.create(film=film)
    eye = Venue.objects.create(name="Eye Filmmuseum")
    screening = Screening.objects.create(programme=programme, film=film, venue=eye, title_en="Opening", length_min=125)
    screening.acts.create(name="Martin de Ruiter", role_en="piano")
    edition = an_edition_of(film, label="Nouveaux Pictures", territory="GB", runtime_min=97, colour="bw")
    edition.audio_tracks.create(position=2, language="en", codec="dolby_digital", channels="5.1", kind="dubbed")
    piece = a_piece(edition, provenance="own_collection")
    piece.component_grades.create(component=ConditionComponent.INSERTS, state="not_issued")
    piece.defects.create(kind="sticker", component="case", note_en="a price sticker on the back")
    return piece


FACTS = [
    "Летят журавли", "The Cranes Are Flying", "Mikhail Kalatozov", "1957", "Soviet Union",
    "97 minutes (1 hour 37 mins)", "Black &amp; White", "Like New", "None issued",
    "a price sticker on the back", "Own collection",
    "only one piece is available",
    "PAL", "Nouveaux Pictures, United Kingdom", "Dubbed", "Dolby Digital 5.1",
    "Not known", "95 minutes by one source, 97 by one", "First paragraph.", "Boris dies.", "gives the story away",
    "carried by hand", "Dear mother!", "Stepan", "Tatyana Samoylova", "Veronika", "as T. Samoylova",
    "Tatiana Samoilova", "Mosfilm", "12 October 1957", "28,300,000",
    "17,923 USD, United States and Canada", "tt0050634", "8.3 / 10",
    "checked on 1 November 2026", "Not Rated", "Nitrato d&#x27;argento", "Edited into", "official", "Palme d&#x27;Or",
    "Cannes Film Festival 1958", "also called Golden Palm", "the only Soviet film to win it", "1.37 : 1", "Mono",
    "moscow russia", "Mosfilm Studios", "Als de kraanvogels overvliegen", "An essay of ours.", "Bosley Crowther",
    "https://nyt.example/", "Russian Thaw", "Eye Filmmuseum", "125 minutes", "Martin de Ruiter", "No ratings yet",
]  # fmt: skip


@pytest.mark.parametrize("fact", FACTS)
def test_it_shows_every_fact(client: Client, rich_piece: Listing, fact: str) -> None:
    text = client.get(rich_piece.get_absolute_url()).text
    assert fact.lower() in text.lower()


@pytest.mark.parametrize("secret", ["9.9", "Unread by staff"])
def test_it_keeps_back_what_may_not_be_shown(client: Client, rich_piece: Listing, secret: str) -> None:
    assert secret not in client.get(rich_piece.get_absolute_url()).text


def test_the_parts_come_in_their_order(client: Client, rich_piece: Listing) -> None:
    text = client.get(rich_piece.get_absolute_url()).text
    places = [
        text.index(f">{word}<")
        for word in ("Condition", "The disc", "Sound and subtitles", "The film", "Awards", "Cast", "Reviews")
    ]
    assert places == sorted(places)


def test_it_asks_the_database_few_questions(
    client: Client, rich_piece: Listing, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    a_piece(rich_piece.edition)
    a_piece(an_edition_of(rich_piece.films[0], label="Criterion", regions=["1"]))
    url = rich_piece.get_absolute_url()
    client.get(url)  # from here on the tariff, the rates and the settings are in memory
    with django_assert_max_num_queries(7):
        response = client.get(url)
    assert "Criterion" in response.text
    assert not response.cookies


def test_it_compares_other_editions_by_whether_they_play(client: Client) -> None:
    film = a_film()
    piece = a_piece(an_edition_of(film, label="Nouveaux Pictures"))
    other = a_piece(an_edition_of(film, label="Criterion", regions=["1"], video_standard="NTSC"))
    sold = a_sold_one(an_edition_of(film, label="Ruscico"))
    page = client.get(piece.get_absolute_url()).context["page"]
    assert [(row.edition.label.name, row.verdict.answer) for row in page.editions] == [
        ("Criterion", "multi_region"),
        ("Ruscico", "yes"),
    ]
    assert [row.best for row in page.editions] == [other, sold]


def test_it_lists_other_copies_of_the_edition(client: Client) -> None:
    edition = an_edition_of(a_film())
    piece, copy = a_piece(edition), a_piece(edition, price="3.00", grade="good")
    response = client.get(piece.get_absolute_url())
    assert response.context["page"].copies == [copy]
    assert copy.sku in response.text


def test_it_offers_films_of_the_same_director(client: Client) -> None:
    piece = a_piece(an_edition_of(a_film()))
    related = a_piece(an_edition_of(a_film("I Am Cuba", year=1964, countries=["CU"])))
    a_piece(an_edition_of(a_film("Persona", director="Ingmar Bergman", year=1966, countries=["SE"])))
    assert client.get(piece.get_absolute_url()).context["page"].related == [related]


def test_a_box_set_shows_each_of_its_films(client: Client) -> None:
    piece = a_piece(an_edition_of(a_film("War and Peace I"), a_film("War and Peace II"), title="War and Peace"))
    text = client.get(piece.get_absolute_url()).text
    assert "<h1>War and Peace</h1>" in text
    assert "War and Peace I" in text
    assert "War and Peace II" in text


@pytest.mark.parametrize("path", ["/dvds/{sku}/", "/dvds/{sku}/an-old-title/", "/dvds/{lower}/"])
def test_every_other_address_leads_to_the_canonical_one(client: Client, path: str) -> None:
    piece = a_piece()
    response = client.get(path.format(sku=piece.sku, lower=piece.sku.lower()))
    assert response.status_code == 301
    assert response["Location"] == piece.get_absolute_url()


def test_a_sold_piece_keeps_its_page(client: Client) -> None:
    edition = an_edition_of(a_film())
    sold, copy = a_sold_one(edition), a_piece(edition)
    response = client.get(sold.get_absolute_url())
    assert response.status_code == 200
    assert "Sold on" in response.text
    assert "/basket/reserve/" not in response.text
    assert copy.get_absolute_url() in response.text


def test_a_reserved_piece_keeps_its_page(client: Client) -> None:
    piece = a_reserved_piece()
    assert client.get(piece.get_absolute_url()).status_code == 200


def test_a_withdrawn_piece_is_gone_and_offers_others(client: Client) -> None:
    edition = an_edition_of(a_film())
    gone, copy = a_piece(edition), a_piece(edition)
    listings.withdraw(gone)
    response = client.get(gone.get_absolute_url())
    assert response.status_code == 410
    assert copy.get_absolute_url() in response.text


def test_a_draft_is_not_found(client: Client) -> None:
    draft = a_draft()
    response = client.get(draft.get_absolute_url())
    assert response.status_code == 404
    assert draft.title not in response.text


def test_an_unknown_number_gets_a_search_and_the_nearest(client: Client) -> None:
    piece = a_piece()
    response = client.get(f"/dvds/{piece.sku[:-1]}9/")
    assert response.status_code == 404
    assert 'role="search"' in response.text
    assert piece.get_absolute_url() in response.text


def test_an_unknown_number_with_a_title_finds_the_title(client: Client) -> None:
    piece = a_piece()
    a_piece(an_edition_of(a_film("Persona", director="Ingmar Bergman")))
    response = client.get("/dvds/XXX/the-cranes-are-flying/")
    assert response.context["suggestions"] == [piece]


def test_it_carries_structured_data(client: Client, rich_piece: Listing) -> None:
    (data,) = structured_data(client.get(rich_piece.get_absolute_url()).text)
    film, piece = data["@graph"]
    assert film["@type"] == "Movie"
    assert film["name"] == "The Cranes Are Flying"
    assert "Летят журавли" in film["alternateName"]
    assert film["duration"] == "PT95M"
    assert film["datePublished"] == "1957-10-12"
    assert film["sameAs"] == ["https://www.imdb.com/title/tt0050634/"]
    assert piece["sku"] == rich_piece.sku
    assert piece["exampleOfWork"] == {"@id": film["@id"]}
    offer = piece["offers"]
    assert (offer["price"], offer["priceCurrency"]) == ("5.00", "EUR")
    assert offer["availability"] == "https://schema.org/InStock"
    values = {row["propertyID"]: row["value"] for row in piece["additionalProperty"]}
    assert values["dvd_region"] == "2"
    assert values["audio"] == "Russian Mono; English Dolby Digital 5.1"


def test_structured_data_of_a_sold_piece_says_so(client: Client) -> None:
    (data,) = structured_data(client.get(a_sold_one().get_absolute_url()).text)
    assert data["@graph"][-1]["offers"]["availability"] == "https://schema.org/SoldOut"


def test_no_text_breaks_out_of_the_structured_data(client: Client) -> None:
    piece = a_piece(an_edition_of(a_film("</script><script>alert(1)</script>")))
    text = client.get(piece.get_absolute_url()).text
    assert "<script>alert" not in text
    (data,) = structured_data(text)
    assert data["@graph"][0]["name"] == "</script><script>alert(1)</script>"


def test_it_names_its_address_in_both_languages(client: Client) -> None:
    piece = a_piece()
    url = piece.get_absolute_url()
    for path in (url, f"/el{url}"):
        text = client.get(path).text
        assert re.search(rf'<link rel="canonical" href="[^"]*{path}">', text)
        assert re.search(rf'hreflang="en" href="[^"]*//[^/]+{url}"', text)
        assert re.search(rf'hreflang="el" href="[^"]*//[^/]+/el{url}"', text)


def test_the_language_switch_stays_on_the_page(client: Client) -> None:
    url = a_piece().get_absolute_url()
    assert f'href="/el{url}?x=1"' in client.get(f"{url}?x=1").text
    assert f'href="{url}"' in client.get(f"/el{url}").text


def test_it_has_nothing_inline(client: Client, rich_piece: Listing) -> None:
    text = client.get(rich_piece.get_absolute_url()).text
    assert not re.search(r"\sstyle=|\son[a-z]+=|<style", text)
    assert all("src=" in tag or "ld+json" in tag for tag in re.findall(r"<script[^>]*>", text))
