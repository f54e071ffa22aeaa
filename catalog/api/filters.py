"""What lists may be narrowed by: the names are those of the shop's facets."""

import re
from typing import Any

import django_filters
from django import forms
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema_field

from catalog.forms import CHOSEN_MAX, FORMATS, PLAYS, PRICE_MAX, TEXT_MAX
from catalog.models import Credit, Film, FilmTitle
from catalog.playback import Player, player_for_country, players_by_country
from catalog.search import FACET_NAMES, Availability, ListingQuery, Sort
from catalog.vocabularies import DvdRegion, Grade, VideoStandard
from shop import problems
from shop.api.filters import StrictFilterSet

COUNTRY = r"[A-Z]{2}(-?[A-Z]{2})?"
LANGUAGE = r"[a-z]{2,3}(-[A-Za-z]{2,8})*"
GENRE = r"[A-Z]{3}"
DECADE = r"(18|19|20|21)[0-9]0"
PERSON = r"[0-9]{1,18}"


class CodesField(forms.MultipleChoiceField):
    """Several codes of a vocabulary that is a table, or too long to list: their form alone is checked."""

    def __init__(self, *, pattern: str = "", **kwargs: Any) -> None:
        kwargs.pop("choices", None)
        super().__init__(**kwargs)
        self.pattern = re.compile(pattern)

    def valid_value(self, value: Any) -> bool:
        return self.pattern.fullmatch(str(value)) is not None

    def validate(self, value: Any) -> None:
        super().validate(value)
        if len(value) > CHOSEN_MAX:
            raise forms.ValidationError(_("At most %(count)s values."), code="max_length", params={"count": CHOSEN_MAX})


class CodesFilter(django_filters.MultipleChoiceFilter):
    field_class = CodesField


def codes(pattern: str, **kwargs: Any) -> CodesFilter:
    """A filter by any of several codes of this form."""
    described = extend_schema_field({"type": "string", "pattern": f"^{pattern}$"})
    found: CodesFilter = described(CodesFilter(pattern=pattern, **kwargs))
    return found


def price(**kwargs: Any) -> django_filters.NumberFilter:
    described = extend_schema_field({"type": "number", "minimum": 0, "maximum": int(PRICE_MAX)})
    found: django_filters.NumberFilter = described(
        django_filters.NumberFilter(min_value=0, max_value=PRICE_MAX, **kwargs)
    )
    return found


def _player_country() -> django_filters.CharFilter:
    return django_filters.ChoiceFilter(
        choices=[(code, code) for code in sorted(players_by_country())],
        help_text="ISO 3166-1 code of the country the player was bought in.",
    )


class ListingFilter(StrictFilterSet):
    """The shop's facets, price range in EUR, availability and order. What they mean is decided by the search."""

    q = django_filters.CharFilter(max_length=TEXT_MAX, help_text="Words in titles, names, keywords.")
    plays = django_filters.MultipleChoiceFilter(
        choices=list(PLAYS.items()), help_text="On the player of `player_country`, or on a multi-region one."
    )
    player_country = _player_country()
    grade = django_filters.MultipleChoiceFilter(choices=Grade.choices)
    country = codes(COUNTRY, help_text="Countries of the film, ISO 3166-1 or -3.")
    language = codes(LANGUAGE, help_text="Spoken languages on the disc.")
    subtitles = codes(LANGUAGE, help_text="Languages of subtitles.")
    decade = codes(DECADE, help_text="Such as 1950.")
    genre = codes(GENRE, help_text="Such as DRA.")
    director = codes(PERSON, help_text="Ids of people.")
    format = django_filters.MultipleChoiceFilter(choices=list(FORMATS.items()))
    region = django_filters.MultipleChoiceFilter(choices=DvdRegion.choices)
    standard = django_filters.MultipleChoiceFilter(choices=VideoStandard.choices)
    min = price(help_text="Lowest price in EUR.")
    max = price(help_text="Highest price in EUR.")
    show = django_filters.ChoiceFilter(choices=Availability.choices, help_text="`offer` when left out.")
    sort = django_filters.ChoiceFilter(choices=Sort.choices, help_text="`newest` when left out.")

    def query(self, **place: Any) -> ListingQuery:
        """The search that is asked for; `place` says which page of it. Raises Invalid."""
        chosen = self.form.cleaned_data
        player: Player | None = None
        if chosen["player_country"]:
            player = player_for_country(chosen["player_country"])
        elif chosen["plays"]:
            raise problems.Invalid(
                [
                    {
                        "parameter": "player_country",
                        "code": "required",
                        "message": str(_("Say where the player was bought.")),
                    }
                ]
            )
        return ListingQuery(
            text=chosen["q"] or "",
            chosen={name: tuple(chosen[name]) for name in FACET_NAMES if chosen[name]},
            price_min=chosen["min"],
            price_max=chosen["max"],
            availability=chosen["show"] or Availability.ON_OFFER,
            sort=chosen["sort"] or Sort.NEWEST,
            player=player,
            with_facets=False,
            **place,
        )


@extend_schema_field({"type": "integer", "minimum": 1870, "maximum": 2100})
class YearFilter(django_filters.Filter):
    field_class = forms.IntegerField


class FilmFilter(StrictFilterSet):
    """Films by title, year, country, language, genre and director."""

    q = django_filters.CharFilter(method="by_title", max_length=TEXT_MAX, help_text="Part of any of its titles.")
    year = YearFilter(min_value=1870, max_value=2100, help_text="Year of production.")
    decade = codes(DECADE, method="by_decade", help_text="Such as 1950.")
    country = codes(COUNTRY, method="by_country", help_text="ISO 3166-1 or -3.")
    language = codes(LANGUAGE, method="by_language")
    genre = codes(GENRE, method="by_genre", help_text="Such as DRA.")
    director = codes(PERSON, method="by_director", help_text="Ids of people.")

    def by_title(self, films: QuerySet[Film], _name: str, value: str) -> QuerySet[Film]:
        other = FilmTitle.objects.filter(film=OuterRef("pk"), text__icontains=value)
        return films.filter(Q(title__icontains=value) | Q(original_title__icontains=value) | Exists(other))

    def by_decade(self, films: QuerySet[Film], _name: str, value: list[str]) -> QuerySet[Film]:
        years = [year for decade in value for year in range(int(decade), int(decade) + 10)]
        return films.filter(year__in=years) if years else films

    def by_country(self, films: QuerySet[Film], _name: str, value: list[str]) -> QuerySet[Film]:
        return films.filter(countries__overlap=value) if value else films

    def by_language(self, films: QuerySet[Film], _name: str, value: list[str]) -> QuerySet[Film]:
        return films.filter(languages__overlap=value) if value else films

    def by_genre(self, films: QuerySet[Film], _name: str, value: list[str]) -> QuerySet[Film]:
        genres = Film.genres.through.objects.filter(film=OuterRef("pk"), genre__code__in=value)
        return films.filter(Exists(genres)) if value else films

    def by_director(self, films: QuerySet[Film], _name: str, value: list[str]) -> QuerySet[Film]:
        directing = Credit.objects.filter(
            film=OuterRef("pk"), role__in=("director", "codirector"), person__in=[int(pk) for pk in value]
        )
        return films.filter(Exists(directing)) if value else films
