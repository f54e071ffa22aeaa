"""Every fact of the catalogue can be edited somewhere on the staff site."""

import pytest
from django.apps import apps
from django.contrib import admin
from django.db import models
from django.test import Client, RequestFactory

from catalog.models import FilmRating, PriceChange, SkuCounter
from shop.models import User

# Written by visitors or by the database, never by hand.
NOT_EDITED = (FilmRating, PriceChange, SkuCounter)
# Decided by a button instead of a field.
BY_DEED = {("Review", "moderation")}
# Set by the page a row stands on, or counted by visitors.
SET_ELSEWHERE = {("Review", "user"), ("Review", "helpful_up"), ("Review", "helpful_down"), ("ListingPhoto", "image")}

EDITED_MODELS = [
    model
    for model in apps.get_app_config("catalog").get_models()
    if model not in NOT_EDITED and not model.__name__.startswith("Historical") and not model._meta.auto_created
]


def _names_in(fieldsets: object) -> set[str]:
    names: set[str] = set()
    for _title, options in fieldsets:  # type: ignore[attr-defined]
        for row in options["fields"]:
            names.update((row,) if isinstance(row, str) else row)
    return names


@pytest.fixture
def fields_by_model(db: None) -> dict[str, set[str]]:
    """Form fields of each model, on its own page or among the rows of another."""
    request = RequestFactory().get("/staff/")
    request.user = User.objects.create_superuser("root@example.com")
    found: dict[str, set[str]] = {}
    for model, page in admin.site._registry.items():
        if model._meta.app_label != "catalog":
            continue
        readonly = set(page.get_readonly_fields(request))
        form = set(page.get_form(request).base_fields) - readonly
        found.setdefault(model.__name__, set()).update(form & _names_in(page.get_fieldsets(request)))
        for inline in page.inlines:
            rows = inline(model, admin.site)
            if not rows.has_change_permission(request):
                continue
            names = set(rows.get_formset(request).form.base_fields)
            parent = rows.get_formset(request).fk.name
            found.setdefault(rows.model.__name__, set()).update(names | {parent})
    return found


@pytest.mark.parametrize("model", EDITED_MODELS, ids=lambda model: model.__name__)
def test_every_field_has_an_editor(model: type[models.Model], fields_by_model: dict[str, set[str]]) -> None:
    wanted = {
        field.name
        for field in (*model._meta.concrete_fields, *model._meta.many_to_many)
        if field.editable
        and not field.primary_key
        and not field.name.endswith("_currency")
        and not (isinstance(field, models.ManyToManyField) and not field.remote_field.through._meta.auto_created)
    }
    wanted -= {name for model_name, name in BY_DEED | SET_ELSEWHERE if model_name == model.__name__}
    if model.__name__ == "ComponentGrade":
        # One row of radio buttons for both.
        wanted = wanted - {"grade", "state"} | {"verdict"}

    assert wanted - fields_by_model.get(model.__name__, set()) == set()


def test_a_review_is_moderated_by_buttons(cataloguer: Client) -> None:
    from tests.catalog.pieces import an_edition

    film = an_edition().films.get()
    review = film.reviews.create(kind="customer", rights="own", body="Good")

    cataloguer.post(f"/staff/catalog/review/{review.pk}/do/approve/")
    review.refresh_from_db()
    assert review.moderation == "approved"

    cataloguer.post(f"/staff/catalog/review/{review.pk}/do/reject/")
    review.refresh_from_db()
    assert review.moderation == "rejected"
