"""Listings: the pieces on offer, reserved and sold."""

import re
from collections.abc import Mapping
from typing import Any, ClassVar

from django.utils.translation import gettext_lazy as _
from django_filters.rest_framework import DjangoFilterBackend
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from catalog.api.edition_serializers import EditionSerializer, EditionSummarySerializer
from catalog.api.film_serializers import FilmSerializer, FilmSummarySerializer
from catalog.api.filters import ListingFilter
from catalog.api.listing_serializers import (
    CopySerializer,
    FrontPhotoSerializer,
    PhotoSerializer,
    VerdictSerializer,
)
from catalog.api.rows import listing_rows
from catalog.listing_page import ListingPage, find_listing, load_listing_page
from catalog.models import Listing
from catalog.models.listing import SKU_PATTERN
from catalog.playback import player_for_country, players_by_country
from catalog.search import find_ids, is_cursor_valid
from catalog.vocabularies import Grade, ListingState
from checkout.api.offers import CurrencyArguments, OfferFields, offer_context, offer_of_row, quote_of
from checkout.errors import UnknownListing
from checkout.money import BASE_CURRENCY
from checkout.summary import weight_of
from shop import problems
from shop.api.fields import AmountSerializer, CodeField, amount
from shop.api.pagination import Page, PageArguments, neighbours, page_of, read_cursor
from shop.api.views import ApiView, read_arguments

_SKU = re.compile(SKU_PATTERN)
SHOWN_STATES = (ListingState.LISTED, ListingState.RESERVED, ListingState.SOLD)


class ListingFilmSerializer(FilmSummarySerializer):
    """A film in a list of listings."""

    class Meta(FilmSummarySerializer.Meta):
        fields: ClassVar = ["id", "url", "title", "original_title", "year", "countries", "directors"]


class ListingSummarySerializer(OfferFields, CopySerializer):
    """A listing in a list: the form that `listing_rows` gives without model instances."""

    grade = CodeField(Grade, source="headline_grade")
    photo = serializers.SerializerMethodField()
    films = ListingFilmSerializer(many=True, read_only=True)
    edition = EditionSummarySerializer(read_only=True)

    class Meta:
        model = Listing
        fields: ClassVar = [
            "sku",
            "url",
            "title",
            *OfferFields.NAMES,
            "grade",
            "photo",
            "published_at",
            "sold_at",
            "version",
            "films",
            "edition",
        ]

    @extend_schema_field(FrontPhotoSerializer(allow_null=True))
    def get_photo(self, listing: Listing) -> dict[str, Any] | None:
        front = next(iter(listing.photos.all()), None)
        if front is None:
            return None
        shown = PhotoSerializer(front).data
        return {name: shown[name] for name in ("url", "width", "height", "is_illustration")}


class ListingSerializer(OfferFields, CopySerializer):
    """A listing with everything its page shows. The context holds its ListingPage."""

    lowest_price_30_days = serializers.SerializerMethodField()
    stock = serializers.SerializerMethodField()
    weight_g = serializers.SerializerMethodField()
    will_it_play = serializers.SerializerMethodField()
    films = FilmSerializer(many=True, read_only=True)
    edition = EditionSerializer(read_only=True)
    other_copies = serializers.SerializerMethodField()
    other_editions = serializers.SerializerMethodField()
    related = serializers.SerializerMethodField()

    class Meta:
        model = Listing
        fields: ClassVar = [
            *CopySerializer.Meta.fields,
            *OfferFields.NAMES,
            "lowest_price_30_days",
            "stock",
            "weight_g",
            "will_it_play",
            "edition",
            "films",
            "other_copies",
            "other_editions",
            "related",
        ]

    @extend_schema_field(AmountSerializer(allow_null=True))
    def get_lowest_price_30_days(self, listing: Listing) -> dict[str, str] | None:
        """The lowest price of the 30 days before, when the price was lowered lately; else null."""
        return amount(listing.reduced_from, BASE_CURRENCY)

    def get_stock(self, listing: Listing) -> int:
        """How many there are: the only one, or none once it is sold."""
        return 0 if listing.state == ListingState.SOLD else 1

    def get_weight_g(self, listing: Listing) -> int:
        """Grams, as weighed or by its packaging; shipping is quoted with it."""
        return weight_of(listing)

    @extend_schema_field(VerdictSerializer(allow_null=True))
    def get_will_it_play(self, listing: Listing) -> Any:
        """On the player of `player_country`; null when none was named."""
        verdict = self.context["verdict"]
        return VerdictSerializer(verdict).data if verdict else None

    def get_other_copies(self, listing: Listing) -> list[str]:
        """SKUs of other copies of this edition."""
        return [other.sku for other in self._page.copies]

    def get_other_editions(self, listing: Listing) -> list[str]:
        """SKUs of copies of other editions of its films."""
        return [copy.sku for row in self._page.editions for copy in row.copies]

    def get_related(self, listing: Listing) -> list[str]:
        """SKUs of related pieces on offer."""
        return [other.sku for other in self._page.related]

    @property
    def _page(self) -> ListingPage:
        page: ListingPage = self.context["page"]
        return page


class ListArguments(PageArguments, CurrencyArguments):
    """The arguments of the list besides its filters."""


class DetailArguments(CurrencyArguments):
    """The arguments of one listing."""

    player_country = serializers.RegexField(
        r"^[A-Z]{2}$",
        required=False,
        help_text="ISO 3166-1 code of the country the player was bought in: answers `will_it_play`.",
    )

    def validate_player_country(self, code: str) -> str:
        if code not in players_by_country():
            raise serializers.ValidationError(_("There is no such country."), code="invalid_choice")
        return code


class ListingList(ApiView):
    """The shop's pieces, narrowed by the same facets as its pages; those on offer, unless asked otherwise."""

    queryset = Listing.objects.none()
    filter_backends = (DjangoFilterBackend,)
    filterset_class = ListingFilter

    arguments_class = ListArguments

    def read_arguments(self, request: Request) -> Mapping[str, Any]:
        self.filter = ListingFilter.read(request, Listing.objects.none(), others=ListArguments().fields)
        return read_arguments(request, ListArguments, others=ListingFilter.base_filters)

    @extend_schema(
        operation_id="listings_list",
        summary="Listings",
        responses={200: page_of(ListingSummarySerializer, "ListingPage")},
    )
    def get(self, request: Request) -> Response:
        context = offer_context(quote_of(self.arguments))
        sort = self.filter.form.cleaned_data["sort"] or "newest"
        cursor = read_cursor(self.arguments.get("cursor", ""), sort)
        if cursor is not None and not is_cursor_valid(sort, cursor.key):
            raise problems.InvalidCursor
        found = find_ids(
            self.filter.query(
                cursor=cursor.key if cursor else None,
                is_backwards=cursor is not None and cursor.is_backwards,
                size=self.arguments["limit"],
            )
        )
        results = [{**shown, **offer_of_row(row, context)} for row, shown in listing_rows(found.ids)]
        page = Page(results, *neighbours(sort, found.keys, cursor=cursor, has_more=found.has_more))
        return Response(page.body(request), headers=page.headers(request))


class ListingDetail(ApiView):
    """One piece with everything its page shows; a sold one stays readable."""

    has_etag = True

    arguments_class = DetailArguments

    @extend_schema(operation_id="listings_read", summary="A listing", responses={200: ListingSerializer})
    def get(self, request: Request, sku: str) -> Response:
        quote = quote_of(self.arguments)
        listing = find_listing(sku) if _SKU.fullmatch(sku) else None
        if listing is None or listing.state not in SHOWN_STATES:
            raise UnknownListing(skus=[sku])
        country = self.arguments.get("player_country")
        page = load_listing_page(listing, player=player_for_country(country or ""))
        context = {
            **offer_context(quote),
            "page": page,
            "grades": page.grades,
            "region_areas": page.regions,
            "visitor_ratings": page.visitor_ratings,
            "verdict": page.verdict if country else None,
        }
        return Response(ListingSerializer(listing, context=context).data)
