"""No page of the staff site shows a name that Django made up from an English identifier."""

import pytest
from django.apps import apps
from django.contrib import admin
from django.db import models
from django.utils.functional import Promise

OURS = ("catalog", "checkout", "shop")
# Named alike in every language.
PROPER_NAMES = {"SKU", "SHA-256", "ETag", "Last-Modified"}


def shown_models() -> list[type[models.Model]]:
    """Models with a page of their own, or rows on another's page."""
    pages = [page for page in admin.site._registry.values() if page.opts.app_label in OURS]
    found = {page.model for page in pages} | {rows.model for page in pages for rows in page.inlines}
    return sorted(found, key=lambda model: model._meta.label)


def has_name(field: models.Field) -> bool:  # type: ignore[type-arg]
    return isinstance(field.verbose_name, Promise) or field.verbose_name in PROPER_NAMES


@pytest.mark.parametrize("model", shown_models(), ids=lambda model: model._meta.label)
def test_every_field_that_is_shown_has_a_name_to_translate(model: type[models.Model]) -> None:
    unnamed = [
        field.name
        for field in (*model._meta.concrete_fields, *model._meta.many_to_many)
        if field.editable and not field.primary_key and not has_name(field)
    ]

    assert unnamed == []
    assert isinstance(model._meta.verbose_name, Promise)


def test_every_relation_between_ours_has_a_name_to_translate() -> None:
    unnamed = [
        str(field)
        for app in OURS
        for model in apps.get_app_config(app).get_models()
        for field in model._meta.concrete_fields
        if field.is_relation and not field.auto_created and not has_name(field)
    ]

    assert [name for name in unnamed if "Historical" not in name] == []
