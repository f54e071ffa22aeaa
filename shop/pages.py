"""Editable pages, and what robots read: the sitemap in both languages and robots.txt."""

from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.contrib.sitemaps import Sitemap
from django.contrib.sitemaps.views import sitemap as sitemap_view
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_safe
from django.views.static import serve

from catalog.models import Film, Listing, Programme
from shop import page_texts
from shop.models import Page

SITEMAP_LIMIT = 10_000


@require_safe
def page(request: HttpRequest, slug: str) -> HttpResponse:
    """An editable page; its facts are filled in and its HTML is sanitised each time it is shown."""
    found = get_object_or_404(Page, slug=slug)
    return render(request, "pages/page.html", {"page": found, "body": page_texts.html_of(found)})


class _Bilingual(Sitemap[object]):
    """Every address in each language, each naming its alternates."""

    i18n = True
    alternates = True
    x_default = True
    limit = SITEMAP_LIMIT

    @property
    def protocol(self) -> str:  # type: ignore[override]
        return settings.BASE_URL.split("://")[0]

    def get_domain(self, site: object = None) -> str:
        return settings.BASE_URL.split("://")[1]


class FixedPages(_Bilingual):
    """Pages that always exist."""

    def items(self) -> list[str]:
        return [
            "home",
            "catalog:browse",
            "catalog:programmes",
            "catalog:grades",
            "catalog:playback_help",
            "checkout:shipping",
            "checkout:vouchers",
        ]

    def location(self, item: object) -> str:
        return reverse(str(item))


class EditablePages(_Bilingual):
    def items(self) -> QuerySet[Page]:
        return Page.objects.all()

    def location(self, item: object) -> str:
        assert isinstance(item, Page)
        return reverse("page", args=[item.slug])


class Listings(_Bilingual):
    """Every piece ever offered: sold ones stay as an archive."""

    def items(self) -> QuerySet[Listing]:
        return (
            Listing.objects.public()
            .order_by("pk")
            .select_related("edition")
            .prefetch_related("edition__edition_films__film")
        )

    def lastmod(self, item: Listing) -> object:
        return item.changed_at


class Films(_Bilingual):
    def items(self) -> QuerySet[Film]:
        return Film.objects.filter(editions__listings__in=Listing.objects.public()).distinct().order_by("pk")


class Programmes(_Bilingual):
    def items(self) -> Iterable[Programme]:
        return Programme.objects.filter(is_public=True)


SECTIONS: dict[str, type[Sitemap[Any]] | Sitemap[Any]] = {
    "fixed": FixedPages,
    "pages": EditablePages,
    "listings": Listings,
    "films": Films,
    "programmes": Programmes,
}


@require_safe
def sitemap(request: HttpRequest) -> HttpResponse:
    """All public addresses; `?p=` turns the pages of ten thousand."""
    return sitemap_view(request, sitemaps=SECTIONS)


@require_safe
def robots(request: HttpRequest) -> HttpResponse:
    """Searches with chosen filters are endless and lead nowhere new; private pages are nobody's to index."""
    closed = [
        "/staff/",
        "/basket/",
        "/checkout/",
        "/orders/",
        "/account/",
        "/player/",
        "/currency/",
        "/country/",
        "/watch/",
    ]
    lines = ["User-agent: *"]
    lines += [f"Disallow: {path}" for prefix in ("", "/el") for path in (prefix + part for part in closed)]
    lines += ["Disallow: /*?*after=", f"Sitemap: {settings.BASE_URL}/sitemap.xml", ""]
    return HttpResponse("\n".join(lines), content_type="text/plain; charset=utf-8")


def photo(request: HttpRequest, path: str) -> HttpResponseBase:
    """A photo from the local folder, for the demo; a name that cannot be one is not found."""
    try:
        return serve(request, path, document_root=str(settings.MEDIA_ROOT))
    except OSError as error:
        raise Http404 from error
