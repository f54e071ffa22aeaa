"""The basket: opened with a token, filled by reserving, emptied by giving back."""

from collections.abc import Mapping
from typing import Any

from django.http import HttpResponse
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from catalog.api import addresses
from checkout import inventory, savings, visitors
from checkout.api.buyers import PARAMETER, buyer_of, token_of
from checkout.api.offers import ConvertedSerializer, CurrencyArguments, converted, shown_amount
from checkout.api.quotes import ShippingQuoteSerializer, country_field, known_country, offer_form
from checkout.api.savings import SavingsSerializer, WishesSerializer, savings_form
from checkout.money import BASE_CURRENCY
from checkout.summary import Summary, SummaryLine, Wishes, summarise
from checkout.visitors import Visitor
from shop.api.fields import AmountSerializer, amount
from shop.api.idempotency import read as read_key
from shop.api.schema import IDEMPOTENCY_KEY
from shop.api.views import PRIVATE, ApiView

AT_ONCE_MAX = 20


class BasketArguments(CurrencyArguments):
    """In which currency, and where to: with a country the basket comes with shipping."""

    country = country_field(required=False)
    postcode = serializers.CharField(required=False, max_length=20)
    shipping_method = serializers.CharField(required=False, max_length=40, help_text="The default one when left out.")

    def validate_country(self, code: str) -> str:
        return known_country(code)


class BasketLineSerializer(serializers.Serializer[Any]):
    """One reserved piece."""

    sku = serializers.CharField()
    title = serializers.CharField()
    url = serializers.CharField()
    price = AmountSerializer()
    converted_price = ConvertedSerializer(allow_null=True)
    points = serializers.IntegerField()
    weight_g = serializers.IntegerField()
    reserved_until = serializers.DateTimeField()


class SumsSerializer(serializers.Serializer[Any]):
    """Goods, discount, shipping and total in one currency. Each part is converted by itself; totals are sums."""

    goods = AmountSerializer()
    discount = AmountSerializer()
    shipping = AmountSerializer(allow_null=True)
    total = AmountSerializer()


class BasketSerializer(serializers.Serializer[Any]):
    """The pieces reserved for a buyer and what they come to. `presentment.total` is what placing an order asks for."""

    lines = BasketLineSerializer(many=True)
    until = serializers.DateTimeField(allow_null=True, help_text="When the first reservation runs out.")
    now = serializers.DateTimeField(help_text="The shop's clock, to count down by.")
    points = serializers.IntegerField()
    weight_g = serializers.IntegerField()
    base = SumsSerializer()
    presentment = SumsSerializer()
    savings = SavingsSerializer()
    due = AmountSerializer(help_text="The total less what a gift voucher pays.")
    rate = serializers.CharField()
    rate_date = serializers.DateField(allow_null=True)
    shipping_method = serializers.CharField(allow_null=True)
    shipping = ShippingQuoteSerializer(allow_null=True)


class OpenedBasketSerializer(BasketSerializer):
    """A new, empty basket. The token is shown this once."""

    token = serializers.CharField()


def basket_form(visitor: Visitor, asked: Mapping[str, Any], wishes: Wishes | None = None) -> dict[str, Any]:
    """The visitor's basket as the API shows it, with what they wish to use. Raises CurrencyNotOffered."""
    summary = summarise(
        inventory.live_reservations(visitor),
        currency=asked["currency"],
        country=asked.get("country"),
        postcode=asked.get("postcode"),
        method=asked.get("shipping_method"),
        wishes=wishes,
    )
    quote = summary.quote
    return {
        "lines": [_line(line, summary) for line in summary.lines],
        "until": summary.until,
        "now": timezone.now(),
        "points": summary.points,
        "weight_g": summary.weight_g,
        "base": {
            "goods": shown_amount(summary.goods_eur, BASE_CURRENCY),
            "discount": shown_amount(summary.discount_eur, BASE_CURRENCY),
            "shipping": amount(summary.shipping_eur, BASE_CURRENCY),
            "total": shown_amount(summary.total_eur, BASE_CURRENCY),
        },
        "presentment": {
            "goods": shown_amount(summary.goods_amount, quote.currency),
            "discount": shown_amount(summary.discount_amount, quote.currency),
            "shipping": amount(summary.shipping_amount, quote.currency),
            "total": shown_amount(summary.total_amount, quote.currency),
        },
        "savings": savings_form(summary),
        "due": shown_amount(summary.due_amount, quote.currency),
        "rate": f"{quote.rate.normalize():f}",
        "rate_date": quote.date,
        "shipping_method": summary.option.method if summary.option else None,
        "shipping": offer_form(summary.offer, quote) if summary.offer else None,
    }


def _line(line: SummaryLine, summary: Summary) -> dict[str, Any]:
    return {
        "sku": line.listing.sku,
        "title": line.listing.title,
        "url": addresses.listing_page(line.listing.sku),
        "price": amount(line.price_eur, BASE_CURRENCY),
        "converted_price": converted(line.price_eur, summary.quote),
        "points": line.points,
        "weight_g": line.weight_g,
        "reserved_until": line.reservation.until,
    }


class Basket(ApiView):
    """A buyer's live reservations."""

    arguments_class = BasketArguments
    cache_control = PRIVATE

    @extend_schema(
        operation_id="basket_read",
        summary="The basket",
        parameters=[PARAMETER],
        responses={200: BasketSerializer},
    )
    def get(self, request: Request) -> Response:
        return Response(basket_form(buyer_of(request), self.arguments))

    @extend_schema(
        operation_id="basket_open",
        summary="Open a basket",
        description="Nothing is stored until something is reserved with the token.",
        request=None,
        responses={201: OpenedBasketSerializer},
    )
    def post(self, request: Request) -> Response:
        token = visitors.new_token()
        empty = basket_form(Visitor(key=visitors.key_of(token)), self.arguments)
        return Response({"token": token, **empty}, status=201)


class ReserveSerializer(serializers.Serializer[Any]):
    skus = serializers.ListField(child=serializers.CharField(max_length=24), min_length=1, max_length=AT_ONCE_MAX)


class ReleaseSerializer(serializers.Serializer[Any]):
    sku = serializers.CharField(max_length=24)


class Reserve(ApiView):
    """Claims pieces for the buyer, all of them or none, for half an hour."""

    arguments_class = BasketArguments
    cache_control = PRIVATE

    @extend_schema(
        operation_id="basket_reserve",
        summary="Reserve pieces",
        description=(
            "All of them or none. `listing_unavailable` names in `skus` what somebody else has. "
            "What the basket holds already it keeps; its time does not start anew."
        ),
        parameters=[PARAMETER, IDEMPOTENCY_KEY],
        request=ReserveSerializer,
        responses={200: BasketSerializer},
    )
    def post(self, request: Request) -> HttpResponse:
        asked = read_key(request, owner=token_of(request))
        visitor = buyer_of(request)
        skus = self.read_body(ReserveSerializer)["skus"]

        def reserve() -> Response:
            inventory.reserve(skus=skus, visitor=visitor)
            return Response(basket_form(visitor, self.arguments))

        return self.once(asked, reserve)


class Release(ApiView):
    """Gives a piece back."""

    arguments_class = BasketArguments
    cache_control = PRIVATE

    @extend_schema(
        operation_id="basket_release",
        summary="Give a piece back",
        parameters=[PARAMETER, IDEMPOTENCY_KEY],
        request=ReleaseSerializer,
        responses={200: BasketSerializer},
    )
    def post(self, request: Request) -> HttpResponse:
        asked = read_key(request, owner=token_of(request))
        visitor = buyer_of(request)
        sku = self.read_body(ReleaseSerializer)["sku"]

        def release() -> Response:
            inventory.release(sku=sku, visitor=visitor)
            return Response(basket_form(visitor, self.arguments))

        return self.once(asked, release)


class WithSavingsSerializer(WishesSerializer):
    email = serializers.EmailField(
        max_length=254, required=False, allow_blank=True, default="", help_text="Who buys, where a coupon counts it."
    )


class WithSavings(ApiView):
    """What the basket comes to with a coupon, points and a gift voucher."""

    arguments_class = BasketArguments
    cache_control = PRIVATE

    @extend_schema(
        operation_id="basket_with_savings",
        summary="Try a coupon or a gift voucher",
        description=(
            "Stores nothing: name the same when placing the order. `code_refused` says in `detail` why a code is of "
            "no use, and in `field` which one; too many unknown codes are answered with 429 `too_many_codes`."
        ),
        parameters=[PARAMETER],
        request=WithSavingsSerializer,
        responses={200: BasketSerializer},
    )
    def post(self, request: Request) -> Response:
        visitor = buyer_of(request)
        wishes = savings.wishes(visitor, currency=self.arguments["currency"], **self.read_body(WithSavingsSerializer))
        return Response(basket_form(visitor, self.arguments, wishes))
