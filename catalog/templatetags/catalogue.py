"""What catalogue templates need beyond Django's own: names, durations, addresses in the other language."""

import re
from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from functools import cache as remember
from typing import Any

from babel.dates import format_date, format_skeleton
from babel.numbers import format_decimal
from django import template
from django.apps import apps
from django.conf import settings
from django.core.cache import cache
from django.core.exceptions import FieldDoesNotExist
from django.db import models
from django.http import HttpRequest
from django.template.defaultfilters import stringfilter
from django.utils import translation
from django.utils.safestring import SafeString
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from catalog import names, photos, playback
from catalog.film_facts import Disagreement, disagreements
from catalog.models import Edition, Film, Listing, ListingPhoto
from catalog.structured_data import as_script
from catalog.vocabularies import DatePrecision, DvdRegion, Rights
from shop.models import Page, ShopSettings

register = template.Library()

LANGUAGE_NAMES = {"en": "English", "el": "Ελληνικά"}
FOOTER_SECONDS = 60
CARD_WIDTH = 480
_PARAGRAPHS = re.compile(r"\n\s*\n")


@register.filter
def territory(code: str) -> str:
    """A country's name in the language of the page."""
    return names.territory_name(code) if code else ""


@register.filter
def territories(codes: Iterable[str]) -> str:
    return ", ".join(names.territory_name(code) for code in codes)


@register.filter
def language(code: str) -> str:
    """A language's name in the language of the page."""
    return names.language_name(code)


@register.filter
def languages(codes: Iterable[str]) -> str:
    return ", ".join(names.language_name(code) for code in codes)


@register.filter
def people(persons: Iterable[Any]) -> str:
    return ", ".join(person.name for person in persons)


@register.filter
def minutes_in_words(minutes: int) -> str:
    """97 → '1 hour 37 mins'; '' under an hour, where the minutes say it."""
    hours, rest = divmod(int(minutes), 60)
    if not hours:
        return ""
    text = ngettext("{n} hour", "{n} hours", hours).format(n=hours)
    if rest:
        text += " " + ngettext("{n} min", "{n} mins", rest).format(n=rest)
    return text


@register.filter
def duration(seconds: int) -> str:
    """754 → '12:34'."""
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes}:{rest:02d}"


@register.filter
def day(value: date | None, precision: str = DatePrecision.DAY) -> str:
    """A date as precisely as it is known: '29 January 2007', 'January 2007', '2007'."""
    if value is None:
        return ""
    locale = names.page_locale()
    if precision == DatePrecision.YEAR:
        return str(value.year)
    if precision == DatePrecision.MONTH:
        return format_skeleton("yMMMM", value, locale=locale)
    return format_date(value, "d MMMM y", locale=locale)


@register.filter
def number(value: Decimal | int | float | None) -> str:
    """A number in the page's language without needless decimals: 28,300,000 · 1.37."""
    if value is None:
        return ""
    exact = Decimal(str(value))
    whole = exact == exact.to_integral_value()
    return format_decimal(int(exact) if whole else exact.normalize(), locale=names.page_locale())


@register.filter
def ratios(values: Iterable[Decimal]) -> str:
    """1.37 → '1.37 : 1'."""
    return ", ".join(f"{number(value)} : 1" for value in values)


@register.filter
@stringfilter
def paragraphs(text: str) -> list[str]:
    """A text's paragraphs; they are separated by an empty line."""
    return [part.strip() for part in _PARAGRAPHS.split(text) if part.strip()]


@register.filter
def labels(codes: Iterable[str], field: str) -> str:
    """Labels of an array's codes: {{ edition.inserts|labels:"catalog.Edition.inserts" }}."""
    app, model, name = field.split(".")
    choices = dict(apps.get_model(app, model)._meta.get_field(name).base_field.choices)
    return ", ".join(str(choices.get(code, code)) for code in codes)


@register.filter
def region_codes(codes: Iterable[str]) -> str:
    """'2 + 4'; region 0 and ALL in words."""
    return " + ".join(str(DvdRegion(code).label) if code in playback.FREE_REGIONS else code for code in codes)


@register.filter
def in_page_language(rows: Iterable[Any]) -> list[Any]:
    """Texts in the language of the page; kinds that have none in it fall back to English."""
    rows = list(rows)
    wanted = (get_language() or "en").split("-")[0]
    have = {row.kind for row in rows if row.language == wanted}
    return [row for row in rows if row.language == wanted or (row.kind not in have and row.language == "en")]


@register.filter
def of_kind(rows: Iterable[Any], kinds: str) -> list[Any]:
    """Rows whose kind, role or component is one of a comma-separated list."""
    wanted = kinds.split(",")
    return [row for row in rows if _kind(row) in wanted]


@register.filter
def not_of_kind(rows: Iterable[Any], kinds: str) -> list[Any]:
    unwanted = kinds.split(",")
    return [row for row in rows if _kind(row) not in unwanted]


def _kind(row: Any) -> str:
    return str(getattr(row, "role", None) or getattr(row, "kind", ""))


@register.filter
def disagreeing(claims: Iterable[Any]) -> list[Disagreement]:
    """Facts on which sources differ."""
    return disagreements(claims)


@register.filter
def fact_name(fact: str) -> str:
    """A fact's name in words; that of a model's field where it is one."""
    for model in (Film, Edition):
        try:
            field = model._meta.get_field(fact)
        except FieldDoesNotExist:
            continue
        if isinstance(field, models.Field):
            text = str(field.verbose_name)
            return text[:1].upper() + text[1:]
    usual = {
        "user reviews": _("user reviews"),
        "critic reviews": _("critic reviews"),
        "photos": _("photos"),
        "further keywords": _("further keywords"),
        "awards listed": _("awards listed"),
        "production company": _("production company"),
    }
    text = usual.get(fact) or fact.replace("_", " ").replace(".", ": ")
    return text[:1].upper() + text[1:]


@register.filter
def by_sources(values: list[tuple[str, list[str]]]) -> str:
    """'95 by Critic page and IMDb page; 97 by the shop page and one more'."""
    return "; ".join(
        _("{value} by {sources}").format(value=value, sources=_(" and ").join(sources)) if sources else value
        for value, sources in values
    )


@register.filter
def minutes_by_sources(values: list[tuple[str, list[str]]]) -> str:
    """'95 minutes by two sources, 97 by two'."""
    words = {1: _("one"), 2: _("two"), 3: _("three"), 4: _("four"), 5: _("five")}
    parts = []
    for index, (value, sources) in enumerate(values):
        count = words.get(len(sources), str(len(sources)))
        if index == 0:
            text = ngettext("{value} minutes by {count} source", "{value} minutes by {count} sources", len(sources))
        else:
            text = _("{value} by {count}")
        parts.append(text.format(value=value, count=count))
    return ", ".join(parts)


@register.filter
def get(mapping: dict[Any, Any], key: Any) -> Any:
    return mapping.get(key)


@register.filter
def photo_alt(photo: ListingPhoto, title: str) -> str:
    """What a picture shows, for those who do not see it."""
    if photo.caption:
        return photo.caption
    return _("{what} of {title}").format(what=photo.get_kind_display(), title=title)


@register.simple_tag(takes_context=True)
def will_it_play(context: template.Context, disc: playback.Disc) -> playback.Verdict:
    """Whether an edition plays for this visitor."""
    # The attribute survives `{% include … only %}`, the variable does not.
    request = context.get("request") or context.request  # type: ignore[attr-defined]
    if not hasattr(request, "_player"):
        request._player = playback.player_of(request)
    return playback.check(disc, request._player)


@register.simple_tag
def shop_settings() -> ShopSettings:
    """The seller's name and years, for header and footer."""
    return ShopSettings.current()


@register.simple_tag
def footer_pages() -> list[Page]:
    """Editable pages linked at the foot of every page; a minute old at most."""
    pages: list[Page] = cache.get_or_set(  # type: ignore[assignment]
        "footer-pages",
        lambda: list(Page.objects.filter(in_footer=True).defer("body_en", "body_el")),
        FOOTER_SECONDS,
    )
    return pages


@register.simple_tag(takes_context=True)
def language_links(context: template.Context) -> list[dict[str, Any]]:
    """This page in each language: code, name, address, whether it is the one shown."""
    request: HttpRequest = context["request"]
    current = get_language() or settings.LANGUAGE_CODE
    return [
        {
            "code": code,
            "name": LANGUAGE_NAMES[code],
            "url": _in_language(request.get_full_path(), code),
            "absolute_url": settings.BASE_URL + _in_language(request.path, code),
            "is_current": code == current,
        }
        for code, _name in settings.LANGUAGES
    ]


def _in_language(path: str, code: str) -> str:
    # The prefix is the only difference, so nothing is resolved; a 404 offers the other language too.
    bare = path[3:] if path.startswith("/el/") else path
    return f"/el{bare}" if code == "el" else bare


@register.simple_tag(takes_context=True)
def canonical_url(context: template.Context) -> str:
    """The address search engines should keep: no arguments but the search text and page are left."""
    request: HttpRequest = context["request"]
    return settings.BASE_URL + request.path


@register.simple_tag
def absolute_url(path: str) -> str:
    return path if path.startswith("http") else settings.BASE_URL + path


@register.simple_tag
def json_ld(data: dict[str, Any]) -> SafeString:
    """Structured data as a script element that cannot be broken out of."""
    return as_script(data)


@register.simple_tag(takes_context=True)
def with_arguments(context: template.Context, **changes: Any) -> str:
    """This page's address with some arguments set, or dropped when empty; always from the first page."""
    arguments = context["request"].GET.copy()
    arguments.pop("after", None)
    for name, value in changes.items():
        if value in (None, ""):
            arguments.pop(name, None)
        else:
            arguments[name] = str(value)
    return f"?{arguments.urlencode()}" if arguments else context["request"].path


@register.filter
def front(listing: Listing) -> ListingPhoto | None:
    """The photo that stands for a piece: its front, else its first."""
    photos = list(listing.photos.all())
    return next((photo for photo in photos if photo.kind == ListingPhoto.Kind.FRONT), photos[0] if photos else None)


@register.filter
def area(region: Any) -> str:
    """The territories of a region, in the language of the page."""
    return str(region.area_el if get_language() == "el" and region.area_el else region.area_en)


@register.filter
def edition_note(edition: Any) -> str:
    return str((edition.note_el if get_language() == "el" else "") or edition.note_en)


@register.filter
def caption(image: Any) -> str:
    return str((image.caption_el if get_language() == "el" else "") or image.caption_en)


@register.filter
def of_whole_disc(tracks: Iterable[Any]) -> list[Any]:
    """Subtitles that belong to no single soundtrack."""
    return [track for track in tracks if track.audio_track_id is None]


@register.filter
def all_delivery_unknown(tracks: Iterable[Any]) -> bool:
    return all(track.delivery == "unknown" for track in tracks)


@register.filter
def track_languages(tracks: Iterable[Any]) -> str:
    """Languages of tracks, each once, in order."""
    return ", ".join(dict.fromkeys(names.language_name(track.language) for track in tracks))


@register.filter
def people_with_spellings(credited: Iterable[Any]) -> list[Any]:
    """People among the credits whose names are also spelt otherwise, each once."""
    persons = {credit.person_id: credit.person for credit in credited}
    return [person for person in persons.values() if person.names.all()]


@register.filter
def srcset(photo: ListingPhoto, ending: str) -> str:
    """The widths of a photo for the browser to choose from."""
    return photos.srcset(photo, ending)


@register.filter
def at_width(photo: ListingPhoto, width: int) -> str:
    """The narrowest version of a photo that is at least this wide."""
    fitting = [size for size in photo.widths if size >= width]
    return photos.address(photo, width=min(fitting)) if fitting else str(photo.image.url)


@register.filter
def printable(reviews: Iterable[Any]) -> list[Any]:
    """Reviews whose text may be shown; the shop's own only in the language of the page."""
    wanted = (get_language() or "en").split("-")[0]
    return [
        review
        for review in reviews
        if review.rights != Rights.LINK_ONLY and (review.rights != Rights.OWN or review.language == wanted)
    ]


@register.filter
def of_rights(rows: Iterable[Any], rights: str) -> list[Any]:
    return [row for row in rows if row.rights == rights]


@register.filter
def has_text(rows: Iterable[Any], text: str) -> bool:
    return any(row.text == text for row in rows)


@register.filter
def scheme_name(scheme: str) -> str:
    """The name of the catalogue an identifier belongs to."""
    known = {"imdb_title": "IMDb", "imdb_name": "IMDb", "wikidata": "Wikidata", "eidr_title": "EIDR", "asin": "ASIN"}
    return known.get(scheme) or fact_name(scheme)


@register.filter
def display(row: models.Model, name: str) -> str:
    """The label of a field's choice; Django's own get_…_display translates every choice at each call."""
    code = getattr(row, name)
    return _choice_labels(type(row), name, get_language() or "en").get(code, str(code))


@remember
def _choice_labels(model: type[models.Model], name: str, language: str) -> dict[str, str]:
    with translation.override(language):
        return {code: str(label) for code, label in model._meta.get_field(name).flatchoices}  # type: ignore[union-attr]


@register.filter
def small_srcset(photo: ListingPhoto) -> str:
    """The AVIF widths that a card can use."""
    widths = [width for width in photo.widths if width <= CARD_WIDTH] or photo.widths[:1]
    return ", ".join(f"{photos.address(photo, width=width, ending='avif')} {width}w" for width in widths)


@register.filter
def short_day(value: date | None) -> str:
    """'22 Nov 2026'."""
    return format_date(value, "d MMM y", locale=names.page_locale()) if value else ""
