"""What shipping costs: quotes by country and weight, combined parcels, and reasons to refuse."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from checkout import tariff
from checkout.models.shipping import (
    Method,
    ParcelSettings,
    PostcodeRule,
    ShippingRate,
    ShipsWhen,
    Zone,
    in_language,
)
from checkout.money import total
from checkout.tariff import Tariff
from shop.models import ShopSettings


@dataclass(frozen=True, slots=True)
class ShippingOption:
    """One way to ship the pieces. `parcels` are the weights in grams, packing included, of what is posted.

    `free_from_eur`: the goods total from which this method costs nothing, if there is one.
    """

    method: str
    name: str
    carrier: str
    price_eur: Decimal
    days_min: int | None
    days_max: int | None
    is_tracked: bool
    is_pickup: bool
    is_default: bool
    insured_up_to_eur: Decimal | None
    free_from_eur: Decimal | None
    is_free: bool
    parcels: tuple[int, ...]

    @property
    def weight_g(self) -> int:
        return sum(self.parcels)


@dataclass(frozen=True, slots=True)
class ShippingOffer:
    """Where the pieces can go and how: options, the default one first, or the reason why there are none.

    `refused_code` is `country_not_served`, `postcode_not_served`, `no_method`, or empty. `needs_postcode`:
    the postcode will decide whether we ship there. `postcode_reason`: what is special about the given one.
    """

    country: str
    zone: str
    options: tuple[ShippingOption, ...]
    refused_code: str
    refused_reason: str
    needs_customs: bool
    is_eu_vat: bool
    needs_postcode: bool
    postcode_reason: str

    @property
    def default(self) -> ShippingOption | None:
        """The option a page shows when it shows one."""
        return self.options[0] if self.options else None

    def option(self, method: str) -> ShippingOption | None:
        """Return the option of that method, if it is offered."""
        return next((option for option in self.options if option.method == method), None)


@dataclass(frozen=True, slots=True)
class CountryChoice:
    """A country in a select; `is_served` where parcels go to all of it or to some of its postcodes."""

    code: str
    name: str
    is_served: bool


def quote(country: str, weights_g: Sequence[int], goods_eur: Decimal, postcode: str | None = None) -> ShippingOffer:
    """Return how pieces of these weights (grams, without packing) and goods total (EUR) can be shipped.

    Without a postcode the answer is the country's; a postcode that is an exception decides. Raises
    ValueError without pieces or for a weight that is not above zero.
    """
    if not weights_g or min(weights_g) <= 0:
        raise ValueError("a parcel needs pieces that weigh something")
    held = tariff.current()
    place = _place(held, country, postcode)
    options: tuple[ShippingOption, ...] = ()
    code, reason = place.refused_code, place.refused_reason
    if place.zone is not None and not code:
        options = _options(held, place.zone, country, weights_g, goods_eur)
        if not options:
            code = "no_method"
            reason = _("No method we offer to %(country)s takes a parcel like this.") % {"country": _name(country)}
    return ShippingOffer(
        country=country,
        zone=place.zone.code if place.zone else "",
        options=options,
        refused_code=code,
        refused_reason=reason,
        needs_customs=place.needs_customs,
        is_eu_vat=place.is_eu_vat,
        needs_postcode=place.needs_postcode,
        postcode_reason=place.postcode_reason,
    )


def marginal(
    country: str,
    weights_g: Sequence[int],
    goods_eur: Decimal,
    *,
    extra_weight_g: int,
    extra_goods_eur: Decimal = Decimal(0),
    method: str | None = None,
    postcode: str | None = None,
) -> Decimal | None:
    """Return what one more piece adds to the price of shipping (EUR); below zero when it makes it free.

    For the method, or the default one. None when that method does not take both parcels.
    """
    now = quote(country, weights_g, goods_eur, postcode)
    before = now.option(method) if method else now.default
    if before is None:
        return None
    then = quote(country, [*weights_g, extra_weight_g], goods_eur + extra_goods_eur, postcode)
    after = then.option(before.method)
    return None if after is None else after.price_eur - before.price_eur


def country_choices() -> list[CountryChoice]:
    """Return every country by its name in the active language, with whether we ship there."""
    held = tariff.current()
    names = tariff.country_names(get_language() or "en")
    places = ((code, name, _place(held, code, None)) for code, name in names.items())
    return [CountryChoice(code, name, not place.refused_code or place.needs_postcode) for code, name, place in places]


def is_in_eu_vat_area(country: str, postcode: str) -> bool:
    """Whether goods sent there stay inside the European Union's VAT area."""
    return _place(tariff.current(), country, postcode).is_eu_vat


def is_pickup(method: str) -> bool:
    """Whether the method means that the buyer collects the pieces."""
    return any(row.code == method and row.is_pickup for row in tariff.current().methods)


def refusals() -> list[tuple[str, str]]:
    """Return name and reason of the countries in a zone to which we nevertheless do not ship."""
    held = tariff.current()
    names = tariff.country_names(get_language() or "en")
    places = ((name, _place(held, code, None)) for code, name in names.items() if code in held.countries)
    return [(name, place.refused_reason) for name, place in places if place.refused_code]


# Where it may go


@dataclass(frozen=True, slots=True)
class _Place:
    zone: Zone | None
    refused_code: str
    refused_reason: str
    needs_customs: bool
    is_eu_vat: bool
    needs_postcode: bool = False
    postcode_reason: str = ""


def _place(held: Tariff, country: str, postcode: str | None) -> _Place:
    listed = held.countries.get(country)
    if listed is None or not listed.zone.is_enabled:
        reason = _("We have no price for parcels to %(country)s yet.") % {"country": _name(country)}
        zone = listed.zone if listed else None
        return _Place(zone, "country_not_served", reason, needs_customs=True, is_eu_vat=False)
    zone = listed.zone
    is_refused = not listed.is_enabled or (
        listed.ships_when == ShipsWhen.UK_VAT_NUMBER and not ShopSettings.current().uk_vat_number
    )
    rules = held.postcode_rules.get(country, ())
    rule = _matching(rules, country, postcode) if postcode else None
    if rule is not None:
        reason = in_language(rule.reason_en, rule.reason_el)
        code = "postcode_not_served" if rule.is_refused else ""
        return _Place(zone, code, reason if code else "", rule.needs_customs, rule.is_eu_vat, postcode_reason=reason)
    return _Place(
        zone,
        "country_not_served" if is_refused else "",
        in_language(listed.refusal_en, listed.refusal_el) if is_refused else "",
        zone.needs_customs,
        zone.is_eu_vat,
        needs_postcode=not postcode and any(rule.is_refused != is_refused for rule in rules),
    )


def _matching(rules: Sequence[PostcodeRule], country: str, postcode: str) -> PostcodeRule | None:
    plain = tariff.normal_postcode(postcode, country)
    return next((rule for rule in rules if re.search(rule.pattern, plain)), None)


def _name(country: str) -> str:
    return tariff.country_name(country, get_language() or "en")


# What it costs


def _options(
    held: Tariff, zone: Zone, country: str, weights_g: Sequence[int], goods_eur: Decimal
) -> tuple[ShippingOption, ...]:
    offered = [
        (method, priced)
        for method in held.methods
        if held.serves(method, zone, country)
        and (method.max_goods_value is None or goods_eur <= method.max_goods_value)
        and (priced := price_parcels(held, zone, method, weights_g)) is not None
    ]
    # The default is what most people want; where it is not offered, the first that comes to the door.
    offered.sort(key=lambda pair: (not pair[0].is_default, pair[0].is_pickup, pair[0].position))
    return tuple(
        _option(held, zone, method, priced, goods_eur, is_default=index == 0)
        for index, (method, priced) in enumerate(offered)
    )


@dataclass(frozen=True, slots=True)
class ParcelPrice:
    """What pieces cost by one method, before anything makes it free. `parcels` are weights in grams."""

    price_eur: Decimal
    days_min: int | None
    days_max: int | None
    parcels: tuple[int, ...]


def _option(
    held: Tariff, zone: Zone, method: Method, priced: ParcelPrice, goods_eur: Decimal, *, is_default: bool
) -> ShippingOption:
    free_from = held.free_from_eur.get((zone.pk, method.pk))
    is_free = free_from is not None and goods_eur >= free_from
    return ShippingOption(
        method=method.code,
        name=method.name,
        carrier=method.carrier,
        price_eur=Decimal("0.00") if is_free else priced.price_eur,
        days_min=priced.days_min,
        days_max=priced.days_max,
        is_tracked=method.is_tracked,
        is_pickup=method.is_pickup,
        is_default=is_default,
        insured_up_to_eur=method.insured_up_to,
        free_from_eur=free_from,
        is_free=is_free,
        parcels=priced.parcels,
    )


def price_parcels(held: Tariff, zone: Zone, method: Method, weights_g: Sequence[int]) -> ParcelPrice | None:
    """Return price and parcels of the pieces by one method, or None when the zone has no price for them."""
    if method.flat_price is not None:
        one_parcel = _parcel_weight(weights_g, held.parcel)
        return ParcelPrice(method.flat_price, None, None, (one_parcel,))
    bands = held.bands.get((zone.pk, method.pk))
    if not bands:
        return None
    heaviest = min(bands[-1].up_to_g, method.max_weight_g or bands[-1].up_to_g)
    parcels = _pack(weights_g, heaviest, held.parcel)
    if parcels is None:
        return None
    found = [_band(bands, weight) for weight in parcels]
    used = [band for band in found if band is not None]
    if len(used) < len(found):  # the bands have a gap
        return None
    return ParcelPrice(
        price_eur=total(_band_price(band, weight) for band, weight in zip(used, parcels, strict=True)),
        days_min=max(band.days_min for band in used),
        days_max=max(band.days_max for band in used),
        parcels=parcels,
    )


def _parcel_weight(weights_g: Sequence[int], parcel: ParcelSettings) -> int:
    return sum(weights_g) + parcel.tare_g + parcel.tare_per_extra_piece_g * (len(weights_g) - 1)


def _pack(weights_g: Sequence[int], heaviest_g: int, parcel: ParcelSettings) -> tuple[int, ...] | None:
    """Fill parcels heaviest first and return their weights, or None when a piece alone is too heavy."""
    parcels: list[list[int]] = []
    for weight in sorted(weights_g, reverse=True):
        for pieces in parcels:
            if len(pieces) < parcel.max_pieces and _parcel_weight([*pieces, weight], parcel) <= heaviest_g:
                pieces.append(weight)
                break
        else:
            if _parcel_weight([weight], parcel) > heaviest_g:
                return None
            parcels.append([weight])
    return tuple(_parcel_weight(pieces, parcel) for pieces in parcels)


def _band(bands: Sequence[ShippingRate], weight_g: int) -> ShippingRate | None:
    return next((band for band in bands if band.over_g < weight_g <= band.up_to_g), None)


def _band_price(band: ShippingRate, weight_g: int) -> Decimal:
    kilograms_begun = -(-(weight_g - band.over_g) // 1000)
    return band.price + band.per_extra_kg * kilograms_begun
