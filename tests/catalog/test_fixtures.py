"""The demo shop: enough of it, plausible, repeatable, and marked as what it is."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.core.files.storage import default_storage
from django.db import transaction
from django.db.models import Count, F, Q
from django.test import override_settings
from stdnum import ean

from catalog import photos, seeding
from catalog.models import (
    ConditionGrade,
    Edition,
    ExternalRating,
    Film,
    FilmText,
    Genre,
    Listing,
    ListingPhoto,
    Programme,
    RegionArea,
    SkuCounter,
)
from catalog.seeding.files import read_json, read_lines
from catalog.vocabularies import BlurayRegion, DvdRegion, Grade, ListingState

FIRST = "MOV-ACT-DRA-1001"


@pytest.fixture(scope="module")
def _loaded(django_db_setup: None, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """The demo shop, loaded once for the module in a transaction that is never committed."""
    with (
        django_db_blocker.unblock(),
        override_settings(MEDIA_ROOT=tmp_path_factory.mktemp("demo-media")),
        pytest.MonkeyPatch.context() as patch,
    ):
        # One width is enough to see that every piece has its picture, and saves most of the time.
        patch.setattr(photos, "WIDTHS", (240,))
        whole_module = transaction.atomic()
        # As TestCase does, so that durable blocks may open inside.
        setattr(whole_module, "_from_testcase", True)  # noqa: B010 - unknown to the type stubs
        with whole_module:
            seeding.load_vocabularies()
            seeding.load_first_listing()
            seeding.load_demo_collection()
            yield
            transaction.set_rollback(True)


@pytest.fixture
def demo_shop(_loaded: None, db: None) -> None:
    """The loaded shop; what a test changes is rolled back to it."""


def test_the_collection_has_the_size_and_variety_of_a_shop(demo_shop: None) -> None:
    pieces = Listing.objects.filter(is_demo=True)
    editions = Edition.objects.filter(is_demo=True)
    assert pieces.count() >= 150
    assert set(pieces.values_list("headline_grade", flat=True)) == set(Grade.values)
    assert {"PAL", "NTSC", "HD"} <= set(editions.values_list("video_standard", flat=True))
    regions = {code for codes in editions.values_list("regions", flat=True) for code in codes}
    assert {"0", "1", "2", "4", "5", "ALL"} <= regions
    assert editions.filter(regions__len__gte=2).exists()
    assert editions.annotate(copies=Count("listings")).filter(copies__gte=2).count() >= 10
    assert editions.annotate(works=Count("films")).filter(works__gte=2, packaging="boxset").exists()
    assert pieces.filter(state=ListingState.DRAFT).count() >= 3
    assert pieces.filter(state=ListingState.WITHDRAWN).count() == 1
    prices = sorted(pieces.values_list("price", flat=True))
    assert 2 <= prices[0] < 4
    assert 15 < prices[-1] <= 25


def test_the_collection_is_world_cinema_first(demo_shop: None) -> None:
    films = Film.objects.filter(is_demo=True)
    foreign = films.exclude(languages__contains=["en"]).count()
    assert foreign > films.count() * 0.7
    countries = {code for codes in films.values_list("countries", flat=True) for code in codes}
    assert {"SU", "GR", "JP", "IR", "IN", "SE", "PL", "FR", "IT", "CSHH", "SN", "BR"} <= countries


def test_the_first_film_has_other_editions_to_compare(demo_shop: None) -> None:
    film = Film.objects.get(edition_films__edition__listings__sku=FIRST)
    others = film.editions.exclude(listings__sku=FIRST)
    assert {edition.territory for edition in others} == {"US", "RU"}
    assert all(edition.is_demo for edition in others)


def test_loading_again_changes_nothing(demo_shop: None) -> None:
    def everything() -> list[Any]:
        models = (
            Listing,
            ListingPhoto,
            Film,
            FilmText,
            Edition,
            Genre,
            RegionArea,
            ConditionGrade,
            Programme,
        )
        return [list(model._default_manager.order_by("pk").values()) for model in models]

    before = everything()
    seeding.load_vocabularies()
    seeding.load_first_listing()
    assert seeding.load_demo_collection() == 0
    assert everything() == before


def test_loading_again_keeps_what_staff_changed(demo_shop: None) -> None:
    Genre.objects.filter(code="DRA").update(name_en="Dramas")
    Film.objects.filter(title="Stalker").update(process="35 mm")
    seeding.load_vocabularies()
    seeding.load_demo_collection()
    assert Genre.objects.get(code="DRA").name_en == "Dramas"
    assert Film.objects.get(title="Stalker").process == "35 mm"


def test_the_next_sku_of_every_prefix_is_free(demo_shop: None) -> None:
    counters = dict(SkuCounter.objects.values_list("prefix", "last_number"))
    for sku in Listing.objects.values_list("sku", flat=True):
        prefix, _dash, number = sku.rpartition("-")
        assert int(number) <= counters[prefix]


def test_every_piece_has_a_drawn_front_and_its_files(demo_shop: None) -> None:
    assert not Listing.objects.filter(photos=None).exists()
    for photo in ListingPhoto.objects.all():
        assert photo.is_illustration
        stem = str(photo.image.name).rsplit("-", 1)[0]
        assert all(default_storage.exists(f"{stem}-{width}.avif") for width in photo.widths)
    kinds = Listing.objects.get(sku=FIRST).photos.values_list("kind", flat=True)
    assert list(kinds) == ["front", "back", "disc", "spine"]


def test_every_public_piece_could_have_been_published(demo_shop: None) -> None:
    public = Listing.objects.filter(state=ListingState.LISTED)
    assert not public.filter(~Q(component_grades__component="disc")).exclude(component_grades__component="disc")
    assert not public.filter(published_at=None).exists()
    faulty = public.filter(headline_grade=Grade.FAULTY)
    assert faulty.exists()
    assert not faulty.filter(is_fault_accepted=False).exists()
    assert not faulty.exclude(defects__note_en__gt="").exists()


def test_every_piece_bought_for_resale_has_a_purchase_record(demo_shop: None) -> None:
    bought = Listing.objects.filter(is_demo=True).exclude(provenance="own_collection")
    assert not bought.filter(purchase=None).exists()
    assert not bought.filter(purchase__cost_eur=None).exists()
    assert not bought.filter(purchase__cost_eur__gte=F("price")).exclude(price__lte=2).exists()


def test_invented_barcodes_lie_in_the_range_that_no_maker_can_have(demo_shop: None) -> None:
    invented = [row["edition"] for row in read_lines("demo_collection.jsonl") if "label" in row["edition"]]
    codes = [edition["barcode"] for edition in invented if "barcode" in edition]
    # GS1 leaves prefixes 20 to 29 to shops, for codes that mean nothing outside.
    assert all(code.startswith("2") for code in codes)
    invalid = [code for code in codes if not ean.is_valid(code)]
    assert 0 < len(invalid) < len(codes) / 10
    assert {
        edition.barcode for edition in Edition.objects.exclude(barcode="").filter(gtin="", label__isnull=False)
    } == set(invalid)


def test_films_and_programmes_find_each_other(demo_shop: None) -> None:
    thaw = Programme.objects.get(slug="russian-thaw")
    titles = [row.film.title for row in thaw.programme_films.all() if row.film]
    assert titles == ["The Cranes Are Flying", "Ballad of a Soldier", "I Am Twenty"]
    assert Programme.objects.count() == 4
    assert not Programme.objects.filter(Q(text_el="") | Q(programme_films__film=None)).exists()
    similar = Film.objects.get(title="The Cranes Are Flying").connections.filter(kind="similar")
    assert similar.exclude(other=None).count() == 6


def test_no_rating_came_along_with_the_facts(demo_shop: None) -> None:
    assert not ExternalRating.objects.filter(value__isnull=False).exists()
    for name in ("demo_films.jsonl", "film_facts.jsonl.gz"):
        assert not any("rating" in str(row).lower() and "rt_meter" in str(row) for row in read_lines(name))


def test_texts_come_in_both_languages(demo_shop: None) -> None:
    for key, blurbs in read_json("demo_texts.json")["blurbs"].items():
        assert set(blurbs) == {"en", "el"}, key
    english = FilmText.objects.filter(film__is_demo=True, language="en", kind="blurb").count()
    assert english == FilmText.objects.filter(film__is_demo=True, language="el", kind="blurb").count() >= 20


@pytest.mark.django_db
def test_every_region_and_grade_is_explained_in_both_languages() -> None:
    seeding.load_vocabularies()
    explained = set(RegionArea.objects.exclude(area_el="").values_list("system", "code"))
    assert explained == {("dvd", code) for code in DvdRegion.values} | {
        ("bluray", code) for code in BlurayRegion.values
    }
    grades = ConditionGrade.objects.order_by("-rank")
    assert [grade.code for grade in grades] == Grade.values
    for grade in grades:
        assert all(
            getattr(grade, f"{part}_{language}") for part in ("disc", "case", "inserts") for language in ("en", "el")
        )
