"""Every fact of the pages behind the first listing is held by the database, or there is a reason why not.

`fixtures/field_census.csv` names the facts. HELD has, for each of its rows, a question to the database and the
exact answer; NOT_HELD has the reason. A row in neither, a question that never reaches the database and an answer
to a row that the census no longer has all fail.
"""

import csv
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.db.models import Count
from django.test.utils import CaptureQueriesContext
from django.utils import translation

from catalog import names, playback, seeding
from catalog.listing_page import load_listing_page
from catalog.models import (
    Award,
    ConditionGrade,
    Edition,
    ExternalRating,
    Film,
    FilmText,
    Listing,
    Person,
    Programme,
    Review,
    Screening,
)
from catalog.templatetags.catalogue import day, minutes_in_words, ratios
from checkout import currency
from checkout.summary import points_of
from shop.models import ShopSettings

SKU = "MOV-ACT-DRA-1001"
Check = Callable[[], Any]


def listing() -> Listing:
    return Listing.objects.get(sku=SKU)


def edition() -> Edition:
    return listing().edition


def film() -> Film:
    return Film.objects.get(edition_films__edition__listings__sku=SKU)


def text(kind: str, language: str = "en", position: int = 0) -> FilmText:
    return film().texts.get(kind=kind, language=language, position=position, rights__in=("own", "quotation"))


def has_prose(kind: str, *, paragraphs: int = 1, words: int = 5) -> list[bool]:
    """Whether both languages have the text, of their own, at the length asked for."""
    found = [text(kind, language) for language in ("en", "el")]
    return [
        row.rights == "own" and len(row.body.split("\n\n")) >= paragraphs and len(row.body.split()) >= words
        for row in found
    ]


def claims(fact: str) -> set[tuple[str, str, bool]]:
    return set(film().claims.filter(fact=fact).values_list("source__code", "value", "is_preferred"))


def sourced(rows: Any, *fields: str) -> list[tuple[Any, ...]]:
    return sorted(rows.values_list(*fields, "source__code"))


def credit(role: str) -> list[str]:
    return list(film().credits.filter(role=role).values_list("person__name", flat=True))


def character(person: str) -> tuple[str, str]:
    return film().credits.values_list("character", "credited_as").get(role="actor", person__name=person)


def spellings(person: str) -> set[str]:
    return set(Person.objects.get(name=person).names.values_list("name", flat=True))


def review(**where: Any) -> Review:
    return film().reviews.get(**where)


def screening() -> Screening:
    return Screening.objects.get(film=film())


def track(position: int) -> tuple[Any, ...]:
    found = edition().audio_tracks.get(position=position)
    subtitles = list(found.subtitle_tracks.values_list("language", flat=True))
    return found.language, found.codec, found.channels, found.kind, subtitles


def grades() -> dict[str, str]:
    return {part.component: part.grade or part.state for part in listing().component_grades.all()}


def award(name: str) -> tuple[Any, ...]:
    return film().award_results.values_list("award__body__name", "result", "year", "source__code").get(award__name=name)


def in_greek(check: Check) -> Any:
    with translation.override("el"):
        return check()


SIMILAR = [
    "Neotpravlennoe pismo", "Ballada o soldate", "Voskhozhdenie", "Soy Cuba", "Vernye druz'ya", "Ivanovo detstvo",
    "Sudba cheloveka", "Un condamné à mort s'est échappé ou Le vent souffle où il veut", "Popiól i diament",
    "Zagovor obrechyonnykh", "Suna no onna",
]  # fmt: skip
CAST = [
    "Tatyana Samoylova", "Aleksey Batalov", "Vasiliy Merkurev", "Aleksandr Shvorin", "Svetlana Kharitonova",
    "Konstantin Kadochnikov", "Valentin Zubkov", "Antonina Bogdanova", "Boris Kokovkin", "Ekaterina Kupriyanova",
    "Valentina Ananina", "Valentina Vladimirova", "Olga Dzisko", "Leonid Knyazev", "Georgiy Kulikov",
    "Daniil Netrebin", "Aleksandr Popov", "Irina Preys", "Klarina Frolova", "Pyotr Merkuryev", "T. Shamshurin",
    "Nikolai Smorchkov", "Galina Stepanova", "Adrián Viador",
]  # fmt: skip
REGION_2 = (
    "Europe (except Russia, Ukraine and Belarus), Western Asia, Egypt, Japan, South Africa, Swaziland, Lesotho, "
    "French overseas territories, Greenland"
)
DISCUSSIONS = [
    (1, "Last Flag Flying"),
    (2, "Looking for a Title of a flying movie."),
    (3, "Guy flying toward a movie screen"),
    (6, "Hitman with flying license"),
    (6, "anybody get the new House of Flying Daggers DVD?"),
]

# (row of the census, its fact): the question and the answer.
HELD: dict[tuple[int, str], tuple[Check, Any]] = {
    (1, "Page title / listing name"): (
        lambda: listing().full_title,
        "The Cranes Are Flying (Летят журавли): A film by Mikhail Kalatozov",
    ),
    (2, "Price"): (lambda: (listing().price.amount, str(listing().price.currency)), (Decimal("5.00"), "EUR")),
    (4, "Reward points earned"): (lambda: (points_of(listing()), listing().points_override), (25, None)),
    (5, "Blurb"): (
        lambda: [*has_prose("blurb", words=20), len(text("blurb").body) <= 300],
        [True, True, True],
    ),
    (6, "Second heading"): (lambda: has_prose("heading"), [True, True]),
    (7, "Synopsis (2 paragraphs)"): (lambda: has_prose("synopsis", paragraphs=2, words=120), [True, True]),
    (8, "Awards won"): (
        lambda: set(film().award_results.filter(result="won").values_list("award__body__name", "award__name")),
        {
            ("Cannes Film Festival", "Palme d'Or"),
            ("Cannes Film Festival", "Special Mention"),
            ("Jussi Awards", "Diploma of Merit"),
        },
    ),
    (9, "Award nominations"): (
        lambda: set(
            film()
            .award_results.filter(result="nominated")
            .values_list("award__body__name", "award__name", "year", "recipients__name")
        ),
        {
            ("BAFTA Film Awards", "Best Film from any Source", None, None),
            ("BAFTA Film Awards", "Best Foreign Actress", None, "Tatyana Samoylova"),
        },
    ),
    (10, "Review heading"): (
        lambda: sourced(film().reviews.filter(author_name="Bosley Crowther"), "publication", "published_date"),
        [("New York Times", date(1960, 3, 22), "shop-page")],
    ),
    (12, "Provenance statement"): (
        lambda: listing().provenance,
        "own_collection",
    ),
    (13, "Stock statement"): (
        lambda: (edition().listings.count(), listing().state, listing().is_for_sale),
        (1, "listed", True),
    ),
    (14, "Condition grade"): (
        lambda: (listing().headline_grade, grades()),
        (
            "like_new",
            {"disc": "like_new", "case": "like_new", "artwork": "not_graded", "inserts": "not_graded"},
        ),
    ),
    (15, "Grade definition"): (
        lambda: (
            ConditionGrade.objects.get(code="like_new").definition_en,
            ConditionGrade.objects.exclude(definition_el="").count(),
        ),
        ("The disc is in perfect condition, and the case is clean and bright with no sign of wear.", 6),
    ),
    (16, "Cast list, 24 names"): (lambda: credit("actor"), CAST),
    (17, "Colour"): (lambda: (film().colour, edition().colour), ("bw", "bw")),
    (18, "Video standard"): (lambda: edition().video_standard, "PAL"),
    (19, "Audio track 1"): (lambda: track(1), ("ru", "", "1.0", "original", ["en"])),
    (20, "Audio track 2"): (lambda: track(2), ("ru", "dolby_digital", "5.1", "original", ["en"])),
    (21, "Audio track 3"): (lambda: track(3), ("en", "dolby_digital", "5.1", "dubbed", [])),
    (22, "Subtitles/extra soundtrack value"): (
        lambda: (track(1)[4], track(2)[4], edition().are_tracks_complete),
        (["en"], ["en"], True),
    ),
    (23, "Region with its territories"): (
        lambda: (
            edition().regions,
            [region.area_en for region in _page().regions if region.code == "2"],
            in_greek(lambda: any("Ευρώπη" in region.area_el for region in _page().regions)),
        ),
        (["2"], [REGION_2], True),
    ),
    (24, "Aspect ratio (heading, no value)"): (lambda: edition().aspect_ratios, []),
    (25, "Number of discs (heading, no value)"): (
        lambda: (edition().disc_count, edition().discs.count()),
        (None, 0),
    ),
    (26, "Publisher"): (lambda: edition().label.name, "Nouveaux Pictures"),  # type: ignore[union-attr]
    (27, "Release date and territory"): (
        lambda: (edition().release_date, day(edition().release_date), edition().territory),
        (date(2007, 1, 29), "29 January 2007", "GB"),
    ),
    (28, "Run time"): (
        lambda: (edition().runtime_min, minutes_in_words(edition().runtime_min or 0)),
        (97, "1 hour 37 mins"),
    ),
    (29, "SKU"): (lambda: listing().sku, SKU),
    (30, "Exchange-rate notice"): (
        lambda: (currency.current_rate_set() is not None, currency.quote_for("USD").convert(Decimal(5)) > 0),
        (True, True),
    ),
    (33, "Copyright footer"): (
        lambda: (_settings().seller_name, _settings().seller_since),
        ("Athens Collectibles", 2008),
    ),
    (34, "Essay headline"): (
        lambda: (review(series__gt="").title, claims("year")),
        (
            "Cranes Are Flying, The (Russian: Letyat Zhuravli) (1958): Mikhail Kalatozov’s WWII Melodrama…",
            {("imdb-page", "1957", True), ("critic-page", "1958", False)},
        ),
    ),
    (35, "Sort title"): (
        lambda: (film().sort_title, sourced(film().titles.filter(kind="sort"), "text")),
        ("Cranes Are Flying, The", [("Cranes Are Flying, The", "critic-page")]),
    ),
    (36, "Transliterated title"): (
        lambda: list(film().titles.filter(kind="transliterated").values_list("text", "language", "script")),
        [("Letyat zhuravli", "ru-Latn", "Latn")],
    ),
    (37, "Column and series"): (
        lambda: sourced(film().reviews.exclude(series=""), "section", "series"),
        [("Blast from the Past", "Classics of World Cinema Revisited", "critic-page")],
    ),
    (39, "Film poster with caption"): (
        lambda: sourced(film().images.exclude(original_filename=""), "kind", "original_filename", "caption_en"),
        [("poster", "Letyat Zhuravli.jpg", "Film poster", "critic-page")],
    ),
    (40, "Studio"): (
        lambda: (
            list(film().companies.filter(role="production").values_list("company__name", flat=True)),
            claims("production company"),
        ),
        (["Mosfilm"], {("critic-page", "Mosfilm", False)}),
    ),
    (41, "Person fact: nationality/birthplace"): (
        lambda: Person.objects.values_list("nationality", "birth_place").get(name="Mikhail Kalatozov"),
        ("Georgian-born Soviet", "Tbilisi, Georgia"),
    ),
    (42, "Year of production"): (lambda: film().year, 1957),
    (43, "Writer with role split"): (
        lambda: (credit("screenplay"), credit("play"), film().credits.get(role="play").note),
        (["Viktor Rozov"], ["Viktor Rozov"], "from his own play"),
    ),
    (44, "Award with year and remark"): (
        lambda: (
            award("Palme d'Or"),
            film().award_results.get(award__name="Palme d'Or").note,
            Award.objects.get(name="Palme d'Or").aliases,
        ),
        (
            ("Cannes Film Festival", "won", 1958, "critic-page"),
            "The only Soviet film to win this award.",
            ["Golden Palm"],
        ),
    ),
    (45, "Historic note"): (
        lambda: [
            word in Award.objects.get(name="Palme d'Or").note for word in ("1946", "Grand Prix", "The Turning Point")
        ],
        [True, True, True],
    ),
    (46, "Period/setting"): (
        lambda: (film().setting_places, film().setting_period),
        (["Moscow"], "22 June 1941 – 1945"),
    ),
    (47, "Full plot with spoilers, 20 paragraphs"): (
        lambda: [
            *has_prose("plot", paragraphs=8, words=350),
            text("plot").spoiler,
            text("plot", "el").spoiler,
        ],
        [True, True, True, True],
    ),
    (48, "Critical reception sentence"): (lambda: has_prose("reception", words=10), [True, True]),
    (49, "Anecdote about a person"): (
        lambda: [
            [row.source.code, "watch" in row.body or "ρολόι" in row.body]  # type: ignore[union-attr]
            for row in Person.objects.get(name="Tatyana Samoylova").texts.filter(kind="trivia").order_by("language")
        ],
        [["critic-page", True], ["critic-page", True]],
    ),
    (50, "Quotation by a person"): (
        lambda: (text("quote").body, text("quote").rights, text("quote").context),
        (
            "Finally we see on the Soviet screen a face, not a mask.",
            "quotation",
            "Engraved on a watch given to Tatyana Samoylova",
        ),
    ),
    (51, "Cast with characters (10)"): (
        lambda: (character("Tatyana Samoylova"), claims("character of Antonina Bogdanova")),
        (
            ("Veronika", ""),
            {
                ("imdb-page", "Varvara Kapitanova -babushka Borisa i Irina", True),
                ("critic-page", "Grandmother", False),
            },
        ),
    ),
    (52, "Name variants"): (
        lambda: spellings("Tatyana Samoylova"),
        {
            "Tatyana Samojlova",
            "Tatiana Samoilova",
            "Tatyana Samoilova",
            "Татьяна Самойлова",
            "Τατιάνα Σαμόιλοβα",
        },
    ),
    (53, "Director"): (lambda: credit("director"), ["Mikhail Kalatozov"]),
    (54, "Cinematography"): (lambda: credit("cinematography"), ["Sergey Urusevsky"]),
    (55, "Editing"): (lambda: credit("editing"), ["Mariya Timofeyeva"]),
    (56, "Music"): (lambda: credit("music"), ["Moisey Vaynberg"]),
    (57, "Distributor"): (
        lambda: sourced(film().companies.filter(role="distribution"), "company__name", "territory"),
        [("Warner Bros.", "", "critic-page")],
    ),
    (58, "Release date (other territory)"): (
        lambda: sourced(film().releases.filter(territory="US"), "date", "kind"),
        [(date(1960, 3, 21), "theatrical", "critic-page")],
    ),
    (59, "Running time"): (
        lambda: claims("runtime_min"),
        {
            ("critic-page", "95", False),
            ("imdb-page", "95", False),
            ("shop-page", "97", True),
            ("forum-page", "97", False),
        },
    ),
    (60, "Country"): (
        lambda: (film().countries, names.territory_name(film().countries[0]), claims("countries")),
        (
            ["SU"],
            "Soviet Union",
            {("critic-page", "Soviet Union", False), ("imdb-page", "Soviet Union", True)},
        ),
    ),
    (61, "Admissions by country"): (
        lambda: sourced(film().box_office.filter(measure="admissions"), "territory", "value"),
        [("FR", Decimal(5410000), "critic-page"), ("SU", Decimal(28300000), "critic-page")],
    ),
    (63, "Title casing variant"): (
        lambda: sourced(film().titles.filter(kind="alternative"), "text"),
        [("The Cranes are Flying", "forum-page")],
    ),
    (65, "Crew with roles in brackets"): (
        lambda: set(film().credits.exclude(role="actor").values_list("person__name", "role")),
        {
            ("Mikhail Kalatozov", "director"),
            ("Viktor Rozov", "screenplay"),
            ("Viktor Rozov", "play"),
            ("Sergey Urusevsky", "cinematography"),
            ("Mariya Timofeyeva", "editing"),
            ("Moisey Vaynberg", "music"),
        },
    ),
    (66, "Release date"): (
        lambda: (film().releases.get(territory="SU").date, claims("releases")),
        (date(1957, 10, 12), {("forum-page", "1957-10-12 SU", False)}),
    ),
    (67, "Runtime in words"): (lambda: minutes_in_words(film().runtime_min or 0), "1 hour 37 mins"),
    (68, "Second plot summary"): (lambda: has_prose("summary", words=50), [True, True]),
    (69, "Average rating (empty)"): (
        lambda: sourced(film().external_ratings.filter(rating_source="forum"), "value", "votes"),
        [(None, None, "forum-page")],
    ),
    (70, "Linked discussions (none)"): (
        lambda: film().links.filter(kind="discussion").exclude(url="").count(),
        0,
    ),
    (71, "Related threads by search: reply count, title, opening"): (
        lambda: (
            sorted(film().links.filter(kind="discussion").values_list("reply_count", "title")),
            list(film().links.exclude(excerpt="").values_list("excerpt", flat=True)),
        ),
        (DISCUSSIONS, ["I'm wondering…"]),
    ),
    (73, "Review snippets with truncation"): (
        lambda: list(film().reviews.filter(source__code="forum-page").values_list("kind", "rights", "body")),
        [("forum", "link_only", "")] * 3,
    ),
    (74, "Reviewer name"): (
        lambda: sorted(film().reviews.filter(source__code="forum-page").values_list("author_name", flat=True)),
        ["", "", "Citizen Rules"],
    ),
    (75, "IMDb id and URL"): (
        lambda: [(row.value, row.url) for row in film().external_ids.filter(scheme="imdb_title")],
        [("tt0050634", "https://www.imdb.com/title/tt0050634/")],
    ),
    (76, "Primary title and year"): (
        lambda: list(film().titles.filter(source__code="imdb-page").values_list("text", "film__year")),
        [("Letyat zhuravli", 1957)],
    ),
    (77, "Certificate"): (
        lambda: sourced(film().certificates, "system", "value", "territory"),
        [("MPA", "Not Rated", "US", "imdb-page")],
    ),
    (78, "Runtime"): (lambda: ("imdb-page", "95", False) in claims("runtime_min"), True),
    (80, "Own rating control"): (
        lambda: (film().visitor_ratings.count(), Film.visitor_ratings.rel.related_model.__name__),
        (0, "FilmRating"),
    ),
    (81, "Genres"): (
        lambda: (list(film().genres.values_list("name_en", flat=True)), claims("genres")),
        (
            ["Drama", "Romance", "War"],
            {("imdb-page", "Drama, Romance, War", True), ("shop-page", "Action, Drama", False)},
        ),
    ),
    (82, "Plot outline"): (lambda: has_prose("outline", words=10), [True, True]),
    (83, "Writer with source work"): (
        lambda: list(film().source_works.values_list("title", "kind", "author__name")),
        [("Vecno zivye", "play", "Viktor Rozov")],
    ),
    (84, "Counts"): (
        lambda: sourced(film().external_counts.filter(kind__endswith="reviews"), "kind", "value"),
        [("critic reviews", 73, "imdb-page"), ("user reviews", 83, "imdb-page")],
    ),
    (85, "Award totals"): (
        lambda: (film().external_wins, film().external_nominations, claims("awards listed")),
        (
            6,
            4,
            {("shop-page", "3 won, 2 nominations", True), ("imdb-page", "6 won, 4 nominations", False)},
        ),
    ),
    (86, "Photo count / gallery"): (
        lambda: (film().external_counts.get(kind="photos").value, film().images.count()),
        (119, 4),
    ),
    (87, "Credited-as"): (
        lambda: character("Svetlana Kharitonova"),
        ("Irina Fyodorovna Borozdina", "S. Kharitonova"),
    ),
    (88, "Same person, other name"): (
        lambda: (
            character("Konstantin Kadochnikov"),
            spellings("Konstantin Kadochnikov"),
            claims("actor of Volodya"),
        ),
        (
            ("Volodya", "K. Nikitin"),
            {"Konstantin Nikitin"},
            {
                ("imdb-page", "Konstantin Kadochnikov", True),
                ("shop-page", "Konstantin Nikitin", False),
                ("critic-page", "Konstantin Nikitin", False),
            },
        ),
    ),
    (89, "Character in another language/description"): (
        lambda: set(film().credits.exclude(character_language="").values_list("character", "character_language")),
        {
            ("Varvara Kapitanova -babushka Borisa i Irina", "ru-Latn"),
            ("Ranenyy", "ru-Latn"),
            ("Soldatka", "ru-Latn"),
        },
    ),
    (90, "Child/nickname credit"): (lambda: character("Aleksandr Popov"), ("Borya", "Sasha Popov")),
    (91, "More like this: 11 titles with ratings"): (
        lambda: list(film().connections.filter(kind="similar").values_list("title", flat=True)),
        SIMILAR,
    ),
    (92, "Video"): (
        lambda: sourced(film().links.filter(kind="video"), "title"),
        [("The Cranes are Flying and Soviet Cinema", "imdb-page")],
    ),
    (93, "Storyline with author"): (
        lambda: sourced(film().texts.exclude(author_name=""), "author_name", "rights", "body"),
        [("Nick Riganas", "link_only", "", "imdb-page")],
    ),
    (94, "Keywords + remainder"): (
        lambda: (film().keywords, film().external_counts.get(kind="further keywords").value),
        (
            ["crane the bird", "moscow russia", "loveless marriage", "missing in action", "air raid shelter"],
            87,
        ),
    ),
    (95, "Tagline"): (
        lambda: (text("tagline").body, text("tagline").rights),
        ("So Much to Love - So Little Time", "quotation"),
    ),
    (96, "Parents guide"): (
        lambda: (film().links.get(title="Parents guide").url, film().advisories.count()),
        ("https://www.imdb.com/title/tt0050634/parentalguide/", 0),
    ),
    (97, "Trivia"): (
        lambda: (
            "hand" in text("trivia").body,
            film().texts.filter(kind="trivia", language="en").count(),
            film().texts.filter(kind="trivia", language="el").count(),
        ),
        (True, 4, 4),
    ),
    (98, "Quote with speaker"): (
        lambda: (text("quote", position=1).speaker, text("quote", position=1).body),
        ("Stepan", "Dear mother, father, sisters and brothers!…"),
    ),
    (99, "Connections"): (
        lambda: list(film().connections.filter(kind="edited_into").values_list("title", "year")),
        [("Nitrato d'argento", 1996)],
    ),
    (100, "User review: rating, title, body, helpful votes, user, date"): (
        lambda: list(
            film()
            .reviews.filter(source__code="imdb-page")
            .values_list(
                "rating",
                "scale",
                "title",
                "helpful_up",
                "helpful_down",
                "author_name",
                "published_date",
                "body",
            )
        ),
        [(8, 10, "Remarkable for its time", 37, 14, "wjfickling", date(2002, 11, 30), "")],
    ),
    (101, "Release date with country"): (
        lambda: sourced(film().releases.filter(territory="SU"), "date", "kind", "precision"),
        [(date(1957, 10, 12), "premiere", "day", "imdb-page")],
    ),
    (102, "Country of origin"): (lambda: ("imdb-page", "Soviet Union", True) in claims("countries"), True),
    (103, "Official site"): (
        lambda: sourced(film().links.filter(kind="official"), "title", "language"),
        [("Mosfilm", "ru", "imdb-page")],
    ),
    (104, "Language"): (
        lambda: (film().languages, names.language_name(film().languages[0])),
        (["ru"], "Russian"),
    ),
    (105, "Also known as"): (
        lambda: (
            film().title,
            list(film().titles.filter(kind="translated", language="en").values_list("text", flat=True)),
        ),
        ("The Cranes Are Flying", ["The Cranes Are Flying"]),
    ),
    (106, "Filming locations"): (lambda: film().locations, ["Mosfilm Studios, Moscow, Russia"]),
    (107, "Production company"): (
        lambda: sourced(film().companies.filter(role="production"), "company__name"),
        [("Mosfilm", "imdb-page")],
    ),
    (108, "Gross"): (
        lambda: sourced(film().box_office.filter(measure="gross"), "territory", "value", "currency"),
        [("US+CA", Decimal(17923), "USD", "imdb-page"), ("WW", Decimal(17923), "USD", "imdb-page")],
    ),
    (109, "Sound mix"): (lambda: film().sound_mix, ["Mono"]),
    (110, "Colour"): (lambda: film().get_colour_display(), "Black & White"),
    (111, "Aspect ratio"): (
        lambda: (film().aspect_ratios, ratios(film().aspect_ratios), claims("aspect_ratios")),
        ([Decimal("1.37")], "1.37 : 1", {("imdb-page", "1.37:1", True)}),
    ),
    (112, "Related news with date and source"): (
        lambda: sourced(film().links.filter(kind="news"), "title", "published", "publisher"),
        [("Ashes and Diamonds", "Aug 14", "Trailers from Hell", "imdb-page")],
    ),
    (114, "Venue"): (lambda: screening().venue.name, "Eye Filmmuseum"),
    (115, "Audience and language flags"): (
        lambda: screening().language_note,
        "for anytime / in all languages",
    ),
    (116, "Still with caption and credit"): (
        lambda: list(film().images.filter(kind="still").values_list("caption_en", "rights")),
        [("Still from The Cranes Are Flying (Mikhail Kalatozov, SU 1957)", "link_only")],
    ),
    (117, "Dutch title"): (
        lambda: sourced(film().titles.filter(language="nl"), "text"),
        [("Als de kraanvogels overvliegen", "museum-page")],
    ),
    (118, "Event title (nl/en)"): (
        lambda: (screening().title_en, screening().title_original, screening().title_original_language),
        (
            "Opening Russian Thaw: The Cranes are Flying",
            "Opening Russische Dooi: Als de kraanvogels overvliegen",
            "nl",
        ),
    ),
    (119, "Event description"): (
        lambda: (bool(screening().text_en), bool(screening().text_el)),
        (True, True),
    ),
    (120, "Award, year"): (lambda: award("Palme d'Or")[:3], ("Cannes Film Festival", "won", 1958)),
    (121, "Poster"): (
        lambda: list(
            film().images.filter(kind="poster", source__code="museum-page").values_list("caption_en", flat=True)
        ),
        ["Poster, The Cranes Are Flying (SU 1957)"],
    ),
    (122, "Programme note about the film"): (lambda: has_prose("programme_note", words=40), [True, True]),
    (123, "Camera credit under another spelling"): (
        lambda: spellings("Sergey Urusevsky") >= {"Sergei Urusevsky", "Sergey Urusevskiy"},
        True,
    ),
    (124, "Format claim"): (
        lambda: (film().process, claims("process")),
        ("", {("museum-page", "Sovscope", False)}),
    ),
    (125, "Influence links"): (
        lambda: set(text("programme_note").people.values_list("name", flat=True)),
        {"Mikhail Kalatozov", "Sergey Urusevsky", "Marlen Khutsiev", "Andrei Tarkovsky"},
    ),
    (126, "Print/restoration"): (
        lambda: (
            screening().print_note,
            str(screening().restored_by),
            list(film().companies.filter(role="restoration").values_list("company__name", flat=True)),
        ),
        ("Digital restoration by Mosfilm", "Mosfilm", ["Mosfilm"]),
    ),
    (127, "Live acts with roles"): (
        lambda: list(screening().acts.values_list("person__name", "role_en")),
        [
            ("Nina Targan Mouravi", "poetry reading (in Dutch)"),
            ("Martin de Ruiter", "piano"),
            ("Oleg Fateev", "vocals"),
        ],
    ),
    (128, "Another work named"): (
        lambda: [str(row) for row in _programme().programme_films.all()],
        ["The Cranes Are Flying (1957)", "Ballad of a Soldier", "I Am Twenty"],
    ),
    (129, "Event length"): (lambda: screening().length_min, 125),
    (130, "Programme"): (
        lambda: (_programme().title_en, _programme().title_original, _programme().year),
        ("Russian Thaw", "Russische Dooi", 2021),
    ),
    (131, "Programme essay with film titles, years, directors"): (
        lambda: (
            [
                words in _programme().text_en
                for words in ("Ballad of a Soldier (1959, Grigorii Chukhrai)", "(1957, Michail Kalatozov)")
            ]
            + [
                spellings("Grigori Chukhrai") >= {"Grigorii Chukhrai"},
                spellings("Mikhail Kalatozov") >= {"Michail Kalatozov"},
            ]
        ),
        [True, True, True, True],
    ),
    (133, "Campaign image"): (
        lambda: list(film().images.filter(kind="campaign").values_list("caption_en", "rights")),
        [("Campaign image, Russische Dooi", "link_only")],
    ),
}

NOT_HELD: dict[tuple[int, str], str] = {
    (
        3,
        "Shipping link, bilingual",
    ): "a link in the head of every page, not a fact of the listing: see the tests of pages",
    (
        11,
        "Review body, 9 paragraphs",
    ): "the newspaper's copyright; the review is named, dated and attributed (row 10)",
    (31, "Payment notice"): "computed by the payment gateways that are switched on, for the buyer's currency",
    (32, "Browser support notice"): "the pages need no particular browser and no script",
    (
        38,
        "Lead",
    ): "another writer's sentence; a review that is link only holds no text. Our own essay has its lead",
    (62, "Breadcrumb"): "the forum's navigation",
    (64, 'Short cast with "View All"'): "how the forum's page shortens the cast of row 16",
    (
        72,
        "Comment box, login or register",
    ): "the forum's form; comments are reviews of kind comment, moderated",
    (79, "Aggregate rating"): "IMDb's licence does not let a shop keep or show its ratings",
    (
        113,
        "Data gap question",
    ): "IMDb's question to its readers; our gaps are in the admin's report of missing facts",
    (132, "Cross-sell"): "the museum's restaurant and membership",
}


def _page() -> Any:
    return load_listing_page(listing(), player=playback.player_for_country("GR"))


def _programme() -> Programme:
    return Programme.objects.get(films=film())


def _settings() -> ShopSettings:
    ShopSettings.objects.get_or_create(pk=1)
    return ShopSettings.objects.get(pk=1)


def _census() -> list[tuple[int, str]]:
    path = settings.BASE_DIR / "fixtures" / "field_census.csv"
    with path.open(encoding="utf-8", newline="") as file:
        return [(number, row["fact"]) for number, row in enumerate(csv.DictReader(file), start=1)]


def test_every_row_of_the_census_is_answered_once() -> None:
    rows = set(_census())
    answered = [*HELD, *NOT_HELD]
    assert len(rows) == 133
    assert rows - set(answered) == set(), "facts of the census without a check"
    assert set(answered) - rows == set(), "checks of facts that the census does not have"
    assert len(answered) == len(set(answered))
    assert all(len(reason) > 20 for reason in NOT_HELD.values())


@pytest.mark.django_db
def test_the_first_listing_holds_every_fact(subtests: pytest.Subtests) -> None:
    currency.load_bundled_history()
    seeding.load_vocabularies()
    seeding.load_first_listing()
    for (number, fact), (check, expected) in HELD.items():
        with subtests.test(msg=f"{number} {fact}"):
            with CaptureQueriesContext(connection) as asked:
                held = check()
            assert held == expected
            assert asked.captured_queries, "the check never asked the database"


@pytest.mark.django_db
def test_no_rating_of_a_site_that_forbids_it_is_kept() -> None:
    seeding.load_vocabularies()
    seeding.load_first_listing()
    assert list(ExternalRating.objects.exclude(value=None)) == []
    assert not any("rating" in str(row) for row in film().connections.values_list("note", flat=True))


@pytest.mark.django_db
def test_a_text_of_others_is_held_only_as_a_short_quotation() -> None:
    seeding.load_vocabularies()
    seeding.load_first_listing()
    foreign = film().texts.exclude(rights="own")
    assert foreign.aggregate(n=Count("pk"))["n"] == 4
    assert max(len(row.body.split()) for row in foreign) < 15
    assert not film().reviews.exclude(rights="own").exclude(body="", lead="").exists()
