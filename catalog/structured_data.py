"""schema.org descriptions of films and pieces, computed from the rows that the page shows."""

import json
from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.utils.safestring import SafeString, mark_safe

from catalog.models import ConditionGrade, Edition, Film, Listing, ListingPhoto
from catalog.names import language_name, territory_name
from catalog.vocabularies import ListingState

CONTEXT = "https://schema.org"
AVAILABILITY = {
    ListingState.LISTED: "InStock",
    ListingState.RESERVED: "LimitedAvailability",
    ListingState.SOLD: "SoldOut",
    ListingState.WITHDRAWN: "Discontinued",
}
ACTORS = 12
KEYWORDS = 10
_ESCAPES = {
    ord("<"): "\\u003c",
    ord(">"): "\\u003e",
    ord("&"): "\\u0026",
    0x2028: "\\u2028",
    0x2029: "\\u2029",
}


def as_script(data: dict[str, Any]) -> SafeString:
    """The data as a script element; no text in it can end the element."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":")).translate(_ESCAPES)
    return mark_safe(f'<script type="application/ld+json">{text}</script>')  # noqa: S308 - escaped above


def film_data(film: Film) -> dict[str, Any]:
    """A Movie. The film's rows are expected to be loaded (catalog.film_facts)."""
    titles = [film.original_title, *(title.text for title in film.titles.all() if title.kind != "sort")]
    premiere = min((row.date for row in film.releases.all() if row.precision == "day"), default=None)
    return _without_empty(
        {
            "@type": "Movie",
            "@id": f"{absolute(film.get_absolute_url())}#film",
            "name": film.display_title,
            "alternateName": [text for text in dict.fromkeys(titles) if text and text != film.display_title],
            "url": absolute(film.get_absolute_url()),
            "dateCreated": str(film.year or ""),
            "datePublished": premiere.isoformat() if premiere else "",
            "duration": f"PT{film.runtime_min}M" if film.runtime_min else "",
            "inLanguage": _one_or_many(film.languages),
            "countryOfOrigin": _one_or_many(
                [{"@type": "Country", "name": territory_name(code)} for code in film.countries]
            ),
            "genre": [genre.name for genre in film.genres.all()],
            "director": _one_or_many([_person(person.name) for person in film.directors]),
            "actor": [
                _without_empty(
                    {
                        "@type": "PerformanceRole",
                        "actor": _person(credit.person.name),
                        "characterName": credit.character,
                    }
                )
                for credit in film.credits.all()
                if credit.role == "actor"
            ][:ACTORS],
            "musicBy": _one_or_many(
                [_person(credit.person.name) for credit in film.credits.all() if credit.role == "music"]
            ),
            "productionCompany": _one_or_many(
                [
                    {"@type": "Organization", "name": row.company.name}
                    for row in film.companies.all()
                    if row.role == "production"
                ]
            ),
            "award": [
                f"{row.award.name}, {row.award.body.name} {row.year or ''}".strip()
                for row in film.award_results.all()
                if row.result != "nominated"
            ],
            "keywords": ", ".join(film.keywords[:KEYWORDS]),
            "sameAs": [row.url for row in film.external_ids.all() if row.url],
        }
    )


def listing_data(
    listing: Listing,
    *,
    grade: ConditionGrade | None,
    films: Iterable[dict[str, Any]],
    blurb: str,
    seller: str,
    seller_country: str,
    return_days: int,
    shipping: Iterable[dict[str, Any]] = (),
) -> dict[str, Any]:
    """A piece with its offer, and its films as `film_data` describes them; `blurb` describes the piece.

    `shipping` are OfferShippingDetails made by the checkout.
    """
    edition = listing.edition
    url = absolute(listing.get_absolute_url())
    condition = f"https://schema.org/{grade.schema_condition if grade else 'UsedCondition'}"
    piece = _without_empty(
        {
            "@type": ["Product", "CreativeWork"],
            "@id": f"{url}#item",
            "name": listing.full_title,
            "description": blurb or (grade.definition if grade else ""),
            "image": [absolute(photo.image.url) for photo in _photographs(listing)],
            "sku": listing.sku,
            "gtin13": edition.gtin,
            "brand": {"@type": "Brand", "name": edition.label.name} if edition.label else None,
            "category": "Media > DVDs & Videos",
            "itemCondition": condition,
            "releaseDate": edition.release_date.isoformat() if edition.release_date else "",
            "exampleOfWork": _one_or_many(
                [{"@id": f"{absolute(film.get_absolute_url())}#film"} for film in listing.films]
            ),
            "additionalProperty": _properties(listing),
            "offers": _without_empty(
                {
                    "@type": "Offer",
                    "url": url,
                    "price": f"{listing.price.amount:.2f}",
                    "priceCurrency": "EUR",
                    "availability": f"https://schema.org/{AVAILABILITY.get(ListingState(listing.state), 'OutOfStock')}",
                    "itemCondition": condition,
                    "seller": {"@type": "Organization", "name": seller},
                    "inventoryLevel": {
                        "@type": "QuantitativeValue",
                        "value": 0 if listing.state == ListingState.SOLD else 1,
                    },
                    "eligibleQuantity": {"@type": "QuantitativeValue", "maxValue": 1},
                    "shippingDetails": list(shipping),
                    "hasMerchantReturnPolicy": _return_policy(country=seller_country, days=return_days),
                }
            ),
        }
    )
    return {"@context": CONTEXT, "@graph": [*films, piece]}


def _return_policy(*, country: str, days: int) -> dict[str, Any]:
    """The consumer's withdrawal as MerchantReturnPolicy: so many days, by post, at the buyer's cost of sending."""
    return {
        "@type": "MerchantReturnPolicy",
        "applicableCountry": [country],
        "returnPolicyCategory": "https://schema.org/MerchantReturnFiniteReturnWindow",
        "merchantReturnDays": days,
        "returnMethod": "https://schema.org/ReturnByMail",
        "returnFees": "https://schema.org/ReturnFeesCustomerResponsibility",
        "refundType": "https://schema.org/FullRefund",
        "itemCondition": "https://schema.org/UsedCondition",
    }


def film_page_data(film: dict[str, Any]) -> dict[str, Any]:
    """A page about a film that `film_data` described."""
    return {"@context": CONTEXT, **film}


def person_data(person: Any) -> dict[str, Any]:
    """A Person with every spelling of the name."""
    return _without_empty(
        {
            "@context": CONTEXT,
            "@type": "Person",
            "@id": f"{absolute(person.get_absolute_url())}#person",
            "name": person.name,
            "alternateName": [row.name for row in person.names.all() if row.kind != "error"],
            "url": absolute(person.get_absolute_url()),
            "birthDate": str(person.birth_year or ""),
            "deathDate": str(person.death_year or ""),
            "birthPlace": person.birth_place,
            "sameAs": [row.url for row in person.external_ids.all() if row.url],
        }
    )


def list_data(name: str, urls: Iterable[str]) -> dict[str, Any]:
    """An ordered list of pages: browse results, a programme."""
    return {
        "@context": CONTEXT,
        "@type": "ItemList",
        "name": name,
        "itemListElement": [
            {"@type": "ListItem", "position": place, "url": absolute(url)} for place, url in enumerate(urls, 1)
        ],
    }


def absolute(path: str) -> str:
    return path if path.startswith("http") else settings.BASE_URL + path


def blurb_of(film: Film) -> str:
    """The first blurb among the film's loaded texts; empty without one."""
    return next((text.body for text in film.texts.all() if text.kind == "blurb" and text.body), "")


def _photographs(listing: Listing) -> list[ListingPhoto]:
    return [photo for photo in listing.photos.all() if photo.image]


def _properties(listing: Listing) -> list[dict[str, Any]]:
    edition = listing.edition
    values: list[tuple[str, str, Any]] = [
        ("dvd_region", "Region", " + ".join(edition.regions)),
        ("bluray_region", "Blu-ray region", " + ".join(edition.bluray_regions)),
        ("video_standard", "Video standard", edition.video_standard),
        ("condition_grade", "Grade", str(listing.get_headline_grade_display())),
        ("audio", "Audio", _audio(edition)),
        ("subtitles", "Subtitles", _subtitles(edition)),
    ]
    found = [
        {"@type": "PropertyValue", "propertyID": code, "name": name, "value": value}
        for code, name, value in values
        if value
    ]
    if edition.runtime_min:
        found.append(
            {
                "@type": "PropertyValue",
                "propertyID": "runtime",
                "name": "Run time",
                "value": edition.runtime_min,
                "unitCode": "MIN",
            }
        )
    return found


def _audio(edition: Edition) -> str:
    return "; ".join(
        " ".join(
            part
            for part in (
                language_name(track.language),
                str(track.get_codec_display()) if track.codec else "",
                str(track.get_channels_display()) if track.channels else "",
            )
            if part
        )
        for track in edition.audio_tracks.all()
    )


def _subtitles(edition: Edition) -> str:
    return "; ".join(dict.fromkeys(language_name(track.language) for track in edition.subtitle_tracks.all()))


def _person(name: str) -> dict[str, str]:
    return {"@type": "Person", "name": name}


def _one_or_many(values: list[Any]) -> Any:
    return values[0] if len(values) == 1 else values


def _without_empty(data: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in data.items() if value not in (None, "", [], {})}
