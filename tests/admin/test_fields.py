"""The form fields for lists: one value a line, or ticks of a vocabulary."""

from decimal import Decimal

import pytest
from django import forms
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse

from catalog.models import Edition, Film
from shop.admin_base import LinesField
from tests.admin.pages import fields_of, messages_of


def test_a_comma_is_part_of_a_line() -> None:
    field = LinesField(base_field=forms.CharField())

    assert field.clean(" Moscow, Russia \r\n\r\nSmolensk") == ["Moscow, Russia", "Smolensk"]


def test_each_line_is_checked_by_itself() -> None:
    field = LinesField(base_field=forms.DecimalField(max_digits=4, decimal_places=2))

    assert field.clean("1.37\n2.35") == [Decimal("1.37"), Decimal("2.35")]
    with pytest.raises(ValidationError):
        field.clean("1.37\nwide")


def test_a_film_page_sent_back_untouched_keeps_every_fact(cataloguer: Client) -> None:
    film = Film.objects.create(
        title="The Cranes Are Flying",
        countries=["SU"],
        languages=["ru"],
        aspect_ratios=[Decimal("1.37")],
        locations=["Moscow, Russia"],
        keywords=["war", "squirrel"],
    )
    film.texts.create(kind="synopsis", body="One.\n\nTwo.", language="en")
    film.titles.create(text="Летят журавли", kind="original", language="ru", script="Cyrl")
    before = Film.objects.values().get(pk=film.pk)
    address = reverse("admin:catalog_film_change", args=(film.pk,))

    answer = cataloguer.post(address, fields_of(cataloguer.get(address)), follow=True)

    assert messages_of(answer)[0].startswith("The film")
    after = Film.objects.values().get(pk=film.pk)
    # The version counts every write; nothing else may differ.
    untold = {"updated_at": None, "version": None}
    assert {**after, **untold} == {**before, **untold}
    assert film.texts.get().body.split() == ["One.", "Two."]


def test_regions_are_ticks_and_a_wrong_barcode_is_kept_with_a_warning(cataloguer: Client) -> None:
    edition = Edition.objects.create(regions=["2"])
    address = reverse("admin:catalog_edition_change", args=(edition.pk,))
    data = {**fields_of(cataloguer.get(address)), "regions": ["2", "4"], "barcode": "4006381333932"}

    answer = cataloguer.post(address, data, follow=True)

    edition.refresh_from_db()
    assert (edition.regions, edition.barcode, edition.gtin) == (["2", "4"], "4006381333932", "")
    assert any("check digit" in message for message in messages_of(answer))


def test_subtitles_belong_to_tracks_of_their_own_edition(cataloguer: Client) -> None:
    edition, other = Edition.objects.create(), Edition.objects.create()
    own, foreign = edition.audio_tracks.create(language="ru"), other.audio_tracks.create(language="en")
    edition.subtitle_tracks.create(language="en", audio_track=own)
    address = reverse("admin:catalog_edition_change", args=(edition.pk,))
    page = cataloguer.get(address)

    answer = cataloguer.post(address, {**fields_of(page), "subtitle_tracks-0-audio_track": foreign.pk})

    assert "audio_track" in answer.context["inline_admin_formsets"][3].formset.errors[0]


def test_the_settings_have_one_page(owner: Client) -> None:
    answer = owner.get(reverse("admin:shop_shopsettings_changelist"), follow=True)
    address = answer.redirect_chain[-1][0]
    owner.post(address, {**fields_of(answer), "reservation_minutes": "20"})

    assert fields_of(owner.get(address))["reservation_minutes"] == "20"
    assert owner.get(reverse("admin:shop_shopsettings_add")).status_code == 403


def test_the_report_names_what_is_missing_and_links_to_it(cataloguer: Client) -> None:
    from tests.catalog.pieces import a_draft

    listing = a_draft()
    page = cataloguer.get(reverse("admin:missing_facts"))

    films, editions = page.context["parts"]
    assert films["rows"][0]["address"] == reverse("admin:catalog_film_change", args=(listing.film.pk,))  # type: ignore[union-attr]
    assert "director" in films["rows"][0]["facts"]
    assert "year" not in films["rows"][0]["facts"]
    assert "video standard" in editions["rows"][0]["facts"]
