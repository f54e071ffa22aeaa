"""Films and editions. Listings are offers and live with selling: checkout.api."""

from typing import Any

from django.db.models import Exists, OuterRef, Prefetch
from django_filters.rest_framework import DjangoFilterBackend
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from catalog.api.edition_serializers import EditionSerializer
from catalog.api.film_serializers import FilmSerializer, FilmSummarySerializer
from catalog.api.filters import FilmFilter
from catalog.film_facts import load_film
from catalog.listing_page import load_edition
from catalog.models import Credit, Edition, Film, Listing
from catalog.visitor_ratings import visitor_ratings
from shop import problems
from shop.api.pagination import PageArguments, page_of, page_of_queryset, read_cursor
from shop.api.views import ApiView, read_arguments

MAX_ID = 2**63 - 1


class FilmList(ApiView):
    """Films by sort title."""

    queryset = Film.objects.none()
    filter_backends = (DjangoFilterBackend,)
    filterset_class = FilmFilter
    arguments_class = PageArguments

    def read_arguments(self, request: Request) -> dict[str, Any]:
        directing = Credit.objects.filter(role__in=("director", "codirector")).select_related("person")
        films = Film.objects.prefetch_related("genres", Prefetch("credits", queryset=directing))
        self.filter = FilmFilter.read(request, films, others=PageArguments().fields)
        return read_arguments(request, PageArguments, others=FilmFilter.base_filters)

    @extend_schema(
        operation_id="films_list", responses={200: page_of(FilmSummarySerializer, "FilmPage")}, summary="Films"
    )
    def get(self, request: Request) -> Response:
        page = page_of_queryset(
            self.filter.qs,
            column="sort_title",
            is_descending=False,
            cursor=read_cursor(self.arguments.get("cursor", ""), "sort_title"),
            limit=self.arguments["limit"],
        )
        shown = page.showing(list(FilmSummarySerializer(page.results, many=True).data))
        return Response(shown.body(request), headers=shown.headers(request))


class FilmDetail(ApiView):
    """A film with everything that is known of it."""

    has_etag = True

    @extend_schema(operation_id="films_read", responses={200: FilmSerializer}, summary="A film")
    def get(self, request: Request, film_id: int) -> Response:
        film = load_film(film_id) if film_id <= MAX_ID else None
        if film is None:
            raise problems.NotFound
        context = {"visitor_ratings": visitor_ratings([film_id])}
        return Response(FilmSerializer(film, context=context).data)


class EditionDetail(ApiView):
    """An edition with everything that is known of it; only editions of which the shop has shown a copy."""

    has_etag = True

    @extend_schema(operation_id="editions_read", responses={200: EditionSerializer}, summary="An edition")
    def get(self, request: Request, edition_id: int) -> Response:
        shown = Listing.objects.public().filter(edition=OuterRef("pk"))
        found = Edition.objects.filter(Exists(shown), pk=edition_id).select_related("label").first()
        if found is None:
            raise problems.NotFound
        regions = load_edition(found)
        return Response(EditionSerializer(found, context={"region_areas": regions}).data)
