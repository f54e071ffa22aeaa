"""The report of missing facts, with a link to each page where one can be added."""

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from catalog import missing_facts

PER_PAGE = 50


def report(request: HttpRequest) -> HttpResponse:
    """Films and editions of pieces at hand, and what is not known about each."""
    if not request.user.has_perm("catalog.change_film"):
        raise PermissionDenied
    films = Paginator(missing_facts.films(), PER_PAGE)
    editions = Paginator(missing_facts.editions(), PER_PAGE)
    # Both lists turn their pages together; the shorter one ends earlier.
    longest: Paginator[Any] = films if films.num_pages >= editions.num_pages else editions
    page = longest.get_page(request.GET.get("page"))
    film_rows = [
        {
            "name": str(film),
            "address": reverse("admin:catalog_film_change", args=(film.pk,)),
            "facts": missing_facts.names_of(film, missing_facts.FILM_FACTS),
        }
        for film in (films.page(page.number) if page.number <= films.num_pages else ())
    ]
    edition_rows = [
        {
            "name": " + ".join(row.film.title for row in edition.edition_films.all()) or str(edition),
            "more": str(edition),
            "address": reverse("admin:catalog_edition_change", args=(edition.pk,)),
            "facts": missing_facts.names_of(edition, missing_facts.EDITION_FACTS),
        }
        for edition in (editions.page(page.number) if page.number <= editions.num_pages else ())
    ]
    context = {
        **admin.site.each_context(request),
        "title": _("Missing facts"),
        "parts": [
            {"name": _("Films"), "count": films.count, "rows": film_rows},
            {"name": _("Editions"), "count": editions.count, "rows": edition_rows},
        ],
        "page": page,
    }
    return TemplateResponse(request, "admin_shop/missing_facts.html", context)
