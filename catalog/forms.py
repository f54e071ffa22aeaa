"""What visitors send to catalogue pages: a search with facets, a player profile."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from catalog.models import Genre, Person
from catalog.names import language_name, territory_name
from catalog.playback import Player
from catalog.search import Availability, ListingQuery, Sort, is_cursor_valid
from catalog.vocabularies import DvdRegion, Grade, VideoStandard

TEXT_MAX = 200
CHOSEN_MAX = 20
PRICE_MAX = Decimal(1_000_000)

FORMATS = {
    "dvd": gettext_lazy("DVD"),
    "bluray": gettext_lazy("Blu-ray"),
    "uhd": gettext_lazy("Ultra HD Blu-ray"),
    "other": gettext_lazy("Other formats"),
}
PLAYS = {"mine": gettext_lazy("On my player"), "multi": gettext_lazy("On a multi-region player")}
FACET_TITLES = {
    "plays": gettext_lazy("Plays for me"),
    "grade": gettext_lazy("Condition"),
    "country": gettext_lazy("Country"),
    "language": gettext_lazy("Spoken language"),
    "subtitles": gettext_lazy("Subtitles"),
    "decade": gettext_lazy("Decade"),
    "genre": gettext_lazy("Genre"),
    "director": gettext_lazy("Director"),
    "format": gettext_lazy("Format"),
    "region": gettext_lazy("Region"),
    "standard": gettext_lazy("Video standard"),
}
_DECADE = re.compile(r"^(18|19|20|21)\d0$")


@dataclass
class Labels:
    """Words for facet codes; genres and people come from the database and are added as they are known."""

    genres: Mapping[str, str] = field(default_factory=dict)
    people: dict[str, str] = field(default_factory=dict)

    def of(self, facet: str, code: str) -> str | None:
        """The label of a facet's code, None when there is no such code."""
        found: object
        match facet:
            case "plays":
                found = PLAYS.get(code)
            case "grade":
                found = Grade(code).label if code in Grade.values else None
            case "country":
                name = territory_name(code) if re.fullmatch(r"[A-Z]{2,4}", code) else code
                found = name if name != code else None
            case "language" | "subtitles":
                name = language_name(code) if re.fullmatch(r"[a-z]{2,3}(-[A-Za-z]{2,8})*", code) else code
                found = name if name.lower() != code.lower() else None
            case "decade":
                found = _("{decade}s").format(decade=code) if _DECADE.match(code) else None
            case "genre":
                found = self.genres.get(code)
            case "director":
                found = self.people.get(code)
            case "format":
                found = FORMATS.get(code)
            case "region":
                found = DvdRegion(code).label if code in DvdRegion.values else None
            case "standard":
                found = VideoStandard(code).label if code in VideoStandard.values else None
            case _:
                found = None
        return str(found) if found is not None else None


@dataclass
class ReadQuery:
    """A search as read from an address: what is asked, words for its codes, and what could not be understood."""

    query: ListingQuery
    labels: Labels
    ignored: list[str]


def read_query(arguments: QueryDict, *, player: Player, size: int = 24) -> ReadQuery:
    """Read a search from an address's arguments. Whatever is unknown or malformed is left out and named."""
    labels = Labels(genres={genre.code: genre.name for genre in Genre.objects.all()})
    ignored: list[str] = []
    chosen: dict[str, tuple[str, ...]] = {}
    for name in FACET_TITLES:
        values = list(dict.fromkeys(value for value in arguments.getlist(name) if value))
        if name == "director" and values:
            name_people(labels, [value for value in values if _is_id(value)][:CHOSEN_MAX])
        known = [value for value in values if labels.of(name, value) is not None][:CHOSEN_MAX]
        ignored += [value for value in values if value not in known]
        if known:
            chosen[name] = tuple(known)
    sort = _one_of(arguments, "sort", Sort.values, Sort.NEWEST, ignored)
    query = ListingQuery(
        text=arguments.get("q", "").replace("\x00", "")[:TEXT_MAX],
        chosen=chosen,
        price_min=_price(arguments, "min", ignored),
        price_max=_price(arguments, "max", ignored),
        availability=_one_of(arguments, "show", Availability.values, Availability.ON_OFFER, ignored),
        sort=sort,
        cursor=_cursor(arguments, sort, ignored),
        size=size,
        player=player,
    )
    return ReadQuery(query, labels, [text[:40] for text in ignored])


def name_people(labels: Labels, ids: list[str]) -> None:
    """Learn the names of people a facet shows: one query for those not known yet."""
    missing = [int(pk) for pk in ids if pk not in labels.people]
    if missing:
        labels.people |= {str(pk): name for pk, name in Person.objects.filter(pk__in=missing).values_list("pk", "name")}


def _is_id(value: str) -> bool:
    return value.isascii() and value.isdigit() and len(value) <= 18


def _one_of(arguments: QueryDict, name: str, allowed: list[str], default: str, ignored: list[str]) -> str:
    value = arguments.get(name) or default
    if value in allowed:
        return str(value)
    ignored.append(value)
    return default


def _price(arguments: QueryDict, name: str, ignored: list[str]) -> Decimal | None:
    text = arguments.get(name, "").strip().replace(",", ".")
    if not text:
        return None
    try:
        value = Decimal(text)
    except InvalidOperation:
        value = Decimal(-1)
    if not value.is_finite() or not 0 <= value <= PRICE_MAX:
        ignored.append(text)
        return None
    return value


def _cursor(arguments: QueryDict, sort: str, ignored: list[str]) -> tuple[str, int] | None:
    text = arguments.get("after", "")
    if not text:
        return None
    value, _separator, listing_id = text.rpartition("~")
    if _is_id(listing_id) and is_cursor_valid(sort, (value, int(listing_id))):
        return value, int(listing_id)
    ignored.append(text)
    return None


def cursor_text(cursor: tuple[str, int]) -> str:
    return f"{cursor[0]}~{cursor[1]}"


class PlayerForm(forms.Form):
    """What the visitor plays discs on."""

    region = forms.ChoiceField(
        label=gettext_lazy("DVD region of the player"), choices=[(code, code) for code in "123456"]
    )
    bluray_region = forms.ChoiceField(label=gettext_lazy("Blu-ray region"), choices=[(code, code) for code in "ABC"])
    multi_region = forms.BooleanField(label=gettext_lazy("It plays discs of every region"), required=False)
    pal = forms.BooleanField(label=gettext_lazy("Player and television show PAL"), required=False)
    ntsc = forms.BooleanField(label=gettext_lazy("Player and television show NTSC"), required=False)
    bluray = forms.BooleanField(label=gettext_lazy("It plays Blu-ray"), required=False)
    uhd = forms.BooleanField(label=gettext_lazy("It plays Ultra HD Blu-ray"), required=False)

    @classmethod
    def for_player(cls, player: Player) -> "PlayerForm":
        return cls(
            initial={
                "region": player.region,
                "bluray_region": player.bluray_region,
                "multi_region": player.is_multi_region,
                "pal": player.accepts_pal,
                "ntsc": player.accepts_ntsc,
                "bluray": player.has_bluray,
                "uhd": player.has_uhd,
            }
        )

    def player(self) -> Player:
        """The profile of a valid form."""
        chosen = self.cleaned_data
        return Player(
            region=chosen["region"],
            bluray_region=chosen["bluray_region"],
            is_multi_region=chosen["multi_region"],
            accepts_pal=chosen["pal"],
            accepts_ntsc=chosen["ntsc"],
            has_bluray=chosen["bluray"],
            has_uhd=chosen["uhd"],
        )
