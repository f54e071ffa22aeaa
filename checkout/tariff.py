"""The shipping tariff as one value in memory: loaded once, read by every quote and by the shipping page."""

import json
import re
import unicodedata
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import Any

from babel import Locale
from django.db import transaction
from django_countries import countries as country_table

from checkout.models.shipping import (
    FreeShipping,
    Method,
    PackagingWeight,
    ParcelSettings,
    PostcodeRule,
    ShippingRate,
    Zone,
    ZoneCountry,
)
from checkout.process_cache import Kept

EXAMPLE = Path(__file__).resolve().parent.parent / "fixtures" / "shipping_tariff.json"

ZoneMethod = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Tariff:
    """Every row of the tariff. `bands`, in order of weight, and `free_from_eur` are by zone and method."""

    zones: Sequence[Zone]
    countries: Mapping[str, ZoneCountry]
    postcode_rules: Mapping[str, Sequence[PostcodeRule]]
    methods: Sequence[Method]
    bands: Mapping[ZoneMethod, Sequence[ShippingRate]]
    free_from_eur: Mapping[ZoneMethod, Decimal]
    parcel: ParcelSettings
    packaging_weights_g: Mapping[str, int]

    def serves(self, method: Method, zone: Zone, country: str) -> bool:
        """Whether the method is offered in the country and has a price there."""
        if method.countries and country not in {place.code for place in method.countries}:
            return False
        return method.is_enabled and (method.flat_price is not None or (zone.pk, method.pk) in self.bands)


def load() -> Tariff:
    """Return the tariff as the database has it now."""
    zones = {zone.pk: zone for zone in Zone.objects.all()}
    countries = {}
    for place in ZoneCountry.objects.all():
        place.zone = zones[place.zone_id]
        countries[place.country.code] = place
    rules = defaultdict(list)
    for rule in PostcodeRule.objects.all():
        rules[rule.country.code].append(rule)
    bands = defaultdict(list)
    for band in ShippingRate.objects.order_by("over_g"):
        bands[band.zone_id, band.method_id].append(band)
    return Tariff(
        zones=list(zones.values()),
        countries=countries,
        postcode_rules=dict(rules),
        methods=list(Method.objects.all()),
        bands=dict(bands),
        free_from_eur={
            (free.zone_id, free.method_id): free.goods_total_at_least for free in FreeShipping.objects.all()
        },
        parcel=ParcelSettings.objects.first() or ParcelSettings(),
        packaging_weights_g=dict(PackagingWeight.objects.values_list("packaging", "weight_g")),
    )


_kept = Kept("shipping-tariff", load)


def current() -> Tariff:
    """Return the tariff in use. Costs no query while nothing has changed."""
    return _kept.get()


def changed() -> None:
    """Make every page use what staff just saved, once it is committed."""
    transaction.on_commit(_kept.changed)


def default_weight_g(packaging: str) -> int:
    """Return what a piece in that packaging weighs, in grams, when nobody put it on the scales."""
    tariff = current()
    return tariff.packaging_weights_g.get(packaging, tariff.parcel.default_piece_weight_g)


@transaction.atomic(durable=True)
def load_example() -> bool:
    """Fill an empty tariff with the illustrative one shipped with the shop; False when it is not empty."""
    if Zone.objects.exists() or Method.objects.exists():
        return False
    rows: dict[str, Any] = json.loads(EXAMPLE.read_text(encoding="utf-8"))
    ParcelSettings(**rows["parcel"]).save()
    PackagingWeight.objects.bulk_create(
        PackagingWeight(packaging=packaging, weight_g=weight) for packaging, weight in rows["packaging_weights"].items()
    )
    zones = {}
    for position, row in enumerate(rows["zones"]):
        places = row.pop("countries")
        zones[row["code"]] = zone = Zone.objects.create(position=position, **row)
        ZoneCountry.objects.bulk_create(ZoneCountry(zone=zone, **place) for place in places)
    PostcodeRule.objects.bulk_create(PostcodeRule(**row) for row in rows["postcode_rules"])
    methods = {
        row["code"]: Method.objects.create(position=position, **row) for position, row in enumerate(rows["methods"])
    }

    def with_keys(row: dict[str, Any]) -> dict[str, Any]:
        return {**row, "zone": zones[row["zone"]], "method": methods[row["method"]]}

    ShippingRate.objects.bulk_create(ShippingRate(**with_keys(row)) for row in rows["rates"])
    FreeShipping.objects.bulk_create(FreeShipping(**with_keys(row)) for row in rows["free_shipping"])
    changed()
    return True


@lru_cache(maxsize=8)
def country_names(language: str) -> Mapping[str, str]:
    """Return the name of every country in that language, in its alphabetical order."""
    names = Locale.parse(language).territories
    known = {code: names.get(code, name) for code, name in country_table}
    return dict(sorted(known.items(), key=lambda item: _without_accents(item[1])))


def _without_accents(text: str) -> str:
    apart = unicodedata.normalize("NFD", text.casefold())
    return "".join(character for character in apart if not unicodedata.combining(character))


def country_name(country: str, language: str) -> str:
    """Return the country's name in that language."""
    return country_names(language)[country]


def normal_postcode(postcode: str, country: str) -> str:
    """Return the postcode in capitals without spaces, hyphens or a country prefix: `FI-22 100` → `22100`."""
    plain = re.sub(r"[\s\-]", "", postcode).upper()[:16]
    after_prefix = plain.removeprefix(country)
    return after_prefix if after_prefix[:1].isdigit() else plain
