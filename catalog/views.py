"""Pages of the catalogue. They are the same for everybody: no session, no user, no write."""

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.contrib.postgres.search import TrigramSimilarity, TrigramWordSimilarity
from django.db.models.functions import Greatest
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from catalog.cards import load_cards
from catalog.film_facts import load_film, load_heading
from catalog.film_fragments import film_fragments
from catalog.forms import FACET_TITLES, PlayerForm, ReadQuery, cursor_text, name_people, read_query
from catalog.listing_page import (
    compare_editions,
    find_listing,
    listings_of_films,
    load_listing_page_in_fragments,
    related_listings,
)
from catalog.models import (
    ConditionGrade,
    Credit,
    EditionFilm,
    FilmText,
    Listing,
    Person,
    Programme,
    RegionArea,
    ScreeningAct,
)
from catalog.playback import PLAYER_COOKIE, Answer, player_from_cookie, player_of
from catalog.search import Availability, SearchPage, Sort, search
from catalog.structured_data import film_page_data, list_data, person_data
from catalog.vocabularies import Grade, ListingState, Rights, TextKind
from shop.posts import safe_next, same_origin_post
from shop.text import fold

NEWEST_ON_HOME = 10
PROGRAMMES_ON_HOME = 3
SUGGESTIONS = 6
PUBLIC = (ListingState.LISTED, ListingState.RESERVED, ListingState.SOLD)
PLAYER_COOKIE_SECONDS = 365 * 24 * 3600


@dataclass(frozen=True)
class FacetOption:
    code: str
    label: str
    count: int
    is_chosen: bool


@dataclass(frozen=True)
class Facet:
    name: str
    title: str
    options: list[FacetOption]

    @property
    def first(self) -> list[FacetOption]:
        """Shown at once: the frequent ones and whatever is chosen."""
        return [option for place, option in enumerate(self.options) if place < 7 or option.is_chosen]

    @property
    def more(self) -> list[FacetOption]:
        return [option for option in self.options if option not in self.first]


@dataclass(frozen=True)
class Chip:
    """A chosen filter and the address without it."""

    label: str
    url: str


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    blurbed = EditionFilm.objects.filter(film__texts__kind=TextKind.BLURB).order_by().values("edition")
    lead = Listing.objects.for_sale().filter(edition__in=blurbed).order_by("-published_at", "-id").first()
    newest = Listing.objects.for_sale().order_by("-published_at", "-id")
    ids = list(newest.values_list("pk", flat=True)[: NEWEST_ON_HOME + 1])
    lead_id = lead.pk if lead else (ids[0] if ids else None)
    wanted = [pk for pk in ids if pk != lead_id][:NEWEST_ON_HOME]
    cards = load_cards(Listing.objects.all(), ids=[*([lead_id] if lead_id else []), *wanted])
    cover = cards.pop(0) if lead_id else None
    blurbs = (
        FilmText.objects.filter(film__edition_films__edition=cover.edition_id, kind=TextKind.BLURB)
        .exclude(rights=Rights.LINK_ONLY)
        .order_by("position", "id")
        if cover
        else []
    )
    context = {
        "cover": cover,
        "blurbs": blurbs,
        "newest": cards,
        "programmes": Programme.objects.filter(is_public=True)[:PROGRAMMES_ON_HOME],
    }
    return render(request, "catalog/home.html", context)


@require_safe
def browse(request: HttpRequest) -> HttpResponse:
    player = player_of(request)
    read = read_query(request.GET, player=player)
    found = search(read.query)
    name_people(read.labels, [value.code for value in found.facets["director"]])
    # What the search found is read again before it is shown: a piece withdrawn meanwhile does not appear.
    cards = load_cards(Listing.objects.public(), ids=found.ids)
    context = {
        "query": read.query,
        "found": found,
        "cards": cards,
        "facets": _facets(read, found),
        "chips": _chips(request, read),
        "ignored": read.ignored,
        "sorts": Sort.choices,
        "availabilities": [
            (
                code,
                label,
                sum(found.availability.values()) if code == Availability.ALL else found.availability[code],
            )
            for code, label in Availability.choices
        ],
        "next_url": _next_url(request, found),
        "is_first_page": read.query.cursor is None,
        "is_plain": not request.GET,
        "player": player,
        "structured_data": list_data(_("Films"), [card.get_absolute_url() for card in cards]),
    }
    return render(request, "catalog/browse.html", context)


def _facets(read: ReadQuery, found: SearchPage) -> list[Facet]:
    facets = []
    for name, title in FACET_TITLES.items():
        chosen = read.query.chosen.get(name, ())
        options = [
            FacetOption(value.code, label, value.count, value.code in chosen)
            for value in found.facets[name]
            if (label := read.labels.of(name, value.code)) is not None
        ]
        if name in ("decade", "plays", "region"):
            options.sort(key=lambda option: option.code)
        if name == "grade":
            options.sort(key=lambda option: Grade.values.index(option.code))
        if options and (len(options) > 1 or chosen or name == "plays"):
            facets.append(Facet(name, str(title), options))
    return facets


def _chips(request: HttpRequest, read: ReadQuery) -> list[Chip]:
    chips = []
    for name, codes in read.query.chosen.items():
        for code in codes:
            arguments = request.GET.copy()
            arguments.pop("after", None)
            arguments.setlist(name, [value for value in arguments.getlist(name) if value != code])
            chips.append(Chip(str(read.labels.of(name, code)), _address(request, arguments)))
    for name, value, label in (
        ("q", read.query.text, _("“{text}”")),
        ("min", read.query.price_min, _("from €{text}")),
        ("max", read.query.price_max, _("up to €{text}")),
    ):
        if value not in ("", None):
            arguments = request.GET.copy()
            arguments.pop("after", None)
            arguments.pop(name, None)
            chips.append(Chip(label.format(text=value), _address(request, arguments)))
    return chips


def _next_url(request: HttpRequest, found: SearchPage) -> str:
    if found.next_cursor is None:
        return ""
    arguments = request.GET.copy()
    arguments["after"] = cursor_text(found.next_cursor)
    return _address(request, arguments)


def _address(request: HttpRequest, arguments: Any) -> str:
    return f"{request.path}?{arguments.urlencode()}" if arguments else request.path


@require_safe
def listing_short(request: HttpRequest, sku: str) -> HttpResponse:
    return listing(request, sku, "")


@require_safe
def listing(request: HttpRequest, sku: str, slug: str) -> HttpResponse:
    """The page of one piece. Sold pieces keep theirs; withdrawn ones are gone; drafts never were."""
    found = find_listing(sku) or find_listing(sku.upper())
    if found is not None and found.state == ListingState.WITHDRAWN:
        return _gone(request, found)
    if found is None or found.state not in PUBLIC:
        return unknown_sku(request, sku, slug)
    page = load_listing_page_in_fragments(found, player=player_of(request))
    if sku != found.sku or slug != found.slug:
        query = request.META.get("QUERY_STRING", "")
        return redirect(found.get_absolute_url() + (f"?{query}" if query else ""), permanent=True)
    return render(request, "catalog/listing.html", {"page": page, "listing": found, "edition": found.edition})


def preview(request: HttpRequest, sku: str) -> HttpResponse:
    """A piece's page as it would be, whatever its state. Only the staff site may call this."""
    found = find_listing(sku)
    if found is None:
        raise Http404
    page = load_listing_page_in_fragments(found, player=player_of(request))
    notice = {"text": _("Preview: only staff see this page."), "tone": "warn"}
    context = {"page": page, "listing": found, "edition": found.edition, "notice": notice}
    return render(request, "catalog/listing.html", context)


def unknown_sku(request: HttpRequest, sku: str, slug: str) -> HttpResponse:
    """404 that helps: the nearest SKUs, or pieces whose title is like the words of the address."""
    words = fold(slug.replace("-", " "))[:100]
    likeness: Any = TrigramSimilarity("sku", sku[:40].upper())
    if words:
        likeness = Greatest(likeness, TrigramWordSimilarity(words, "search_text"))
    near = (
        Listing.objects.for_sale()
        .annotate(likeness=likeness)
        .filter(likeness__gt=0.3)
        .order_by("-likeness", "id")
        .values_list("pk", flat=True)[:SUGGESTIONS]
    )
    context = {"sku": sku, "words": words, "suggestions": load_cards(Listing.objects.all(), ids=list(near))}
    return render(request, "catalog/unknown_sku.html", context, status=404)


def _gone(request: HttpRequest, found: Listing) -> HttpResponse:
    """410 for a withdrawn piece, with other pieces of the same films and related ones."""
    film_ids = list(EditionFilm.objects.filter(edition=found.edition_id).values_list("film", flat=True))
    films = [film for film_id in film_ids if (film := load_film(film_id))]
    others = [other for other in listings_of_films(film_ids) if other.state != ListingState.SOLD]
    context = {
        "films": films,
        "alternatives": load_cards(Listing.objects.all(), ids=[other.pk for other in others]),
        "related": related_listings(films, exclude_films=film_ids),
    }
    return render(request, "catalog/gone.html", context, status=410)


@require_safe
def film(request: HttpRequest, film_id: int, slug: str) -> HttpResponse:
    found = load_heading(film_id) if film_id < 2**63 else None
    if found is None:
        raise Http404
    if slug != found.slug:
        return redirect(found, permanent=True)
    fragments = film_fragments([found]).get(found.pk)
    if fragments is None:  # deleted this very moment
        raise Http404
    context = {
        "film": found,
        "fragments": fragments,
        "editions": compare_editions(listings_of_films([found.pk], limit=40), player_of(request)),
        "related": related_listings([found], exclude_films=[found.pk]),
        "structured_data": film_page_data(fragments.structured_data),
    }
    return render(request, "catalog/film.html", context)


@require_safe
def person(request: HttpRequest, person_id: int, slug: str) -> HttpResponse:
    found = get_object_or_404(
        Person.objects.prefetch_related("names", "external_ids", "awards__award__body"),
        pk=person_id if person_id < 2**63 else 0,
    )
    if slug != found.slug:
        return redirect(found, permanent=True)
    credited = list(Credit.objects.filter(person=found).select_related("film").order_by("film__year", "film_id", "id"))
    film_ids = {credit.film_id for credit in credited}
    editions = EditionFilm.objects.filter(film__in=film_ids).order_by().values("edition")
    newest = Listing.objects.for_sale().filter(edition__in=editions).order_by("-published_at", "-id")
    context = {
        "person": found,
        "credits": _by_role(credited),
        "texts": found.texts.exclude(rights=Rights.LINK_ONLY).select_related("film"),
        "acts": ScreeningAct.objects.filter(person=found).select_related("screening__film", "screening__venue"),
        "listings": load_cards(newest[:12]),
        "structured_data": person_data(found),
    }
    return render(request, "catalog/person.html", context)


def _by_role(credited: list[Credit]) -> list[tuple[str, list[Credit]]]:
    roles: dict[str, list[Credit]] = {}
    for credit in credited:
        roles.setdefault(str(credit.get_role_display()), []).append(credit)
    return list(roles.items())


@require_safe
def programmes(request: HttpRequest) -> HttpResponse:
    return render(request, "catalog/programmes.html", {"programmes": Programme.objects.filter(is_public=True)})


@require_safe
def programme(request: HttpRequest, slug: str) -> HttpResponse:
    found = get_object_or_404(Programme.objects.select_related("source"), slug=slug, is_public=True)
    films = list(found.programme_films.select_related("film"))
    editions = EditionFilm.objects.filter(film__in=[row.film_id for row in films if row.film_id])
    pieces = Listing.objects.for_sale().filter(edition__in=editions.order_by().values("edition"))
    listings = load_cards(pieces.order_by("price", "id")[:40])
    context = {
        "programme": found,
        "films": films,
        "listings": listings,
        "screenings": found.screenings.select_related("film", "venue", "restored_by").prefetch_related("acts__person"),
        "structured_data": list_data(found.title, [piece.get_absolute_url() for piece in listings]),
    }
    return render(request, "catalog/programme.html", context)


@require_safe
def grades(request: HttpRequest) -> HttpResponse:
    return render(request, "catalog/grades.html", {"grades": ConditionGrade.objects.all()})


@require_safe
def playback_help(request: HttpRequest) -> HttpResponse:
    context = {
        "form": PlayerForm.for_player(player_of(request)),
        "player": player_of(request),
        "is_own_profile": player_from_cookie(request.COOKIES.get(PLAYER_COOKIE)) is not None,
        "answers": Answer,
        "regions": RegionArea.objects.all(),
        "next": request.GET.get("next", ""),
    }
    return render(request, "catalog/playback_help.html", context)


@require_POST
@same_origin_post
def player(request: HttpRequest) -> HttpResponse:
    """Keep or forget the visitor's player profile, and go back to where they were."""
    response = HttpResponseRedirect(safe_next(request, reverse("catalog:playback_help")))
    if "forget" in request.POST:
        response.delete_cookie(PLAYER_COOKIE)
        return response
    form = PlayerForm(request.POST)
    if not form.is_valid():
        context = {
            "form": form,
            "player": player_of(request),
            "answers": Answer,
            "regions": RegionArea.objects.all(),
        }
        return render(request, "catalog/playback_help.html", context, status=422)
    response.set_cookie(
        PLAYER_COOKIE,
        form.player().to_cookie(),
        max_age=PLAYER_COOKIE_SECONDS,
        samesite="Lax",
        secure=settings.IS_HTTPS,
    )
    return response
