"""The tariff as the shipping page shows it: one country's prices, and every zone's table."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.utils.translation import get_language

from checkout import shipping, tariff
from checkout.models.shipping import Method, ShippingRate, Zone
from checkout.shipping import ShippingOffer
from checkout.tariff import Tariff

SAMPLE_PIECES = (1, 2, 3, 5, 10, 20)
# A usual price of a piece; only decides whether the samples are shipped free.
SAMPLE_PIECE_EUR = Decimal("5.00")


@dataclass(frozen=True, slots=True)
class Sample:
    """What so many ordinary discs cost to ship, and what the last one added; None for the first."""

    pieces: int
    offer: ShippingOffer
    last_piece_adds_eur: Decimal | None


@dataclass(frozen=True, slots=True)
class MethodTable:
    """A method's prices in one zone; `bands` is empty where it has a flat price."""

    method: Method
    bands: Sequence[ShippingRate]
    free_from_eur: Decimal | None


@dataclass(frozen=True, slots=True)
class ZoneTable:
    """A zone, the countries in it that we ship to, and what each method costs."""

    zone: Zone
    countries: Sequence[str]
    methods: Sequence[MethodTable]


@dataclass(frozen=True, slots=True)
class ShippingPage:
    """Everything the page says, in the active language."""

    country: str
    country_name: str
    samples: Sequence[Sample]
    zones: Sequence[ZoneTable]
    refusals: Sequence[tuple[str, str]]
    piece_weight_g: int
    tare_g: int
    max_pieces: int
    is_illustrative: bool

    @property
    def offer(self) -> ShippingOffer:
        """What one disc costs to ship to the chosen country."""
        return self.samples[0].offer


def build(country: str) -> ShippingPage:
    """Return the shipping page for a visitor in that country."""
    held = tariff.current()
    return ShippingPage(
        country=country,
        country_name=tariff.country_name(country, get_language() or "en"),
        samples=[_sample(held, country, pieces) for pieces in SAMPLE_PIECES],
        zones=[table for zone in held.zones if zone.is_enabled and (table := _zone_table(held, zone)).methods],
        refusals=shipping.refusals(),
        piece_weight_g=held.parcel.default_piece_weight_g,
        tare_g=held.parcel.tare_g,
        max_pieces=held.parcel.max_pieces,
        is_illustrative=held.parcel.is_illustrative,
    )


def _sample(held: Tariff, country: str, pieces: int) -> Sample:
    weights_g = [held.parcel.default_piece_weight_g] * pieces
    goods_eur = SAMPLE_PIECE_EUR * pieces
    offer = shipping.quote(country, weights_g, goods_eur)
    if pieces == 1 or offer.default is None:
        return Sample(pieces, offer, None)
    one_less = shipping.quote(country, weights_g[1:], goods_eur - SAMPLE_PIECE_EUR)
    before = one_less.option(offer.default.method)
    return Sample(pieces, offer, offer.default.price_eur - before.price_eur if before else None)


def _zone_table(held: Tariff, zone: Zone) -> ZoneTable:
    codes = [code for code, place in held.countries.items() if place.zone.pk == zone.pk]
    served = {code for code in codes if not shipping.quote(code, [1], Decimal(0)).refused_code}
    names = tariff.country_names(get_language() or "en")
    methods = [
        MethodTable(
            method=method,
            bands=held.bands.get((zone.pk, method.pk), ()) if method.flat_price is None else (),
            free_from_eur=held.free_from_eur.get((zone.pk, method.pk)),
        )
        for method in held.methods
        if any(held.serves(method, zone, code) for code in served)
    ]
    return ZoneTable(zone, [name for code, name in names.items() if code in served], methods)
