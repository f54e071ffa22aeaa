"""Films as the API shows them: everything their pages do. Rows are those of catalog.film_facts."""

from typing import Any, ClassVar

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from catalog.api import addresses
from catalog.film_facts import disagreements
from catalog.models import (
    Advisory,
    AwardResult,
    BoxOffice,
    Certificate,
    Credit,
    ExternalCount,
    ExternalId,
    ExternalRating,
    Film,
    FilmCompany,
    FilmConnection,
    FilmImage,
    FilmLink,
    FilmRelease,
    FilmText,
    FilmTitle,
    Genre,
    Person,
    Programme,
    ProgrammeFilm,
    Review,
    Screening,
    ScreeningAct,
    SourceWork,
    Venue,
)
from catalog.names import language_name, script_name, territory_name
from catalog.visitor_ratings import VisitorRating
from catalog.vocabularies import (
    AwardResultKind,
    BoxOfficeMeasure,
    Colour,
    CompanyRole,
    ConnectionKind,
    CreditRole,
    RatingSource,
    ReleaseKind,
    ReviewKind,
    TextKind,
    TitleKind,
)
from shop.api.fields import CodeField, CodeListField


def source_name() -> serializers.CharField:
    """Where a fact was read, null where it is not recorded."""
    return serializers.CharField(source="source.name", default=None, allow_null=True, read_only=True)


class GenreSerializer(serializers.ModelSerializer[Genre]):
    label = serializers.CharField(source="name", read_only=True)

    class Meta:
        model = Genre
        fields: ClassVar = ["code", "label"]


class PersonSerializer(serializers.ModelSerializer[Person]):
    class Meta:
        model = Person
        fields: ClassVar = ["id", "name"]


class CreditedPersonSerializer(serializers.ModelSerializer[Person]):
    """A person with every spelling of the name."""

    spellings = serializers.SerializerMethodField()

    class Meta:
        model = Person
        fields: ClassVar = ["id", "name", "spellings", "birth_year", "death_year", "birth_place", "nationality"]

    def get_spellings(self, person: Person) -> list[str]:
        return [row.name for row in person.names.all()]


class FilmTitleSerializer(serializers.ModelSerializer[FilmTitle]):
    kind = CodeField(TitleKind)
    language = CodeField(language_name)
    script = CodeField(script_name)
    territory = CodeField(territory_name)
    source = source_name()

    class Meta:
        model = FilmTitle
        fields: ClassVar = ["text", "kind", "language", "script", "territory", "source"]


class FilmTextSerializer(serializers.ModelSerializer[FilmText]):
    kind = CodeField(TextKind)
    language = CodeField(language_name)
    source = source_name()

    class Meta:
        model = FilmText
        fields: ClassVar = [
            "kind",
            "language",
            "heading",
            "body",
            "author_name",
            "speaker",
            "context",
            "spoiler",
            "source",
        ]


class SourceWorkSerializer(serializers.ModelSerializer[SourceWork]):
    author = PersonSerializer(read_only=True, allow_null=True)

    class Meta:
        model = SourceWork
        fields: ClassVar = ["title", "kind", "author"]


class CreditSerializer(serializers.ModelSerializer[Credit]):
    role = CodeField(CreditRole)
    person = CreditedPersonSerializer(read_only=True)
    source = source_name()

    class Meta:
        model = Credit
        fields: ClassVar = [
            "role",
            "person",
            "billing",
            "character",
            "character_language",
            "credited_as",
            "note",
            "source",
        ]


class FilmCompanySerializer(serializers.ModelSerializer[FilmCompany]):
    role = CodeField(CompanyRole)
    name = serializers.CharField(source="company.name", read_only=True)
    territory = CodeField(territory_name)

    class Meta:
        model = FilmCompany
        fields: ClassVar = ["role", "name", "territory", "note"]


class AwardResultSerializer(serializers.ModelSerializer[AwardResult]):
    result = CodeField(AwardResultKind)
    body = serializers.CharField(source="award.body.name", read_only=True)
    award = serializers.CharField(source="award.name", read_only=True)
    aliases = serializers.ListField(source="award.aliases", child=serializers.CharField(), read_only=True)
    award_note = serializers.CharField(source="award.note", read_only=True)
    recipients = PersonSerializer(many=True, read_only=True)
    source = source_name()

    class Meta:
        model = AwardResult
        fields: ClassVar = [
            "result",
            "body",
            "award",
            "aliases",
            "award_note",
            "category",
            "year",
            "recipients",
            "note",
            "source",
        ]


class FilmReleaseSerializer(serializers.ModelSerializer[FilmRelease]):
    kind = CodeField(ReleaseKind)
    territory = CodeField(territory_name)
    precision = serializers.CharField(read_only=True, help_text="day, month or year")
    source = source_name()

    class Meta:
        model = FilmRelease
        fields: ClassVar = ["date", "precision", "kind", "territory", "note", "source"]


class BoxOfficeSerializer(serializers.ModelSerializer[BoxOffice]):
    measure = CodeField(BoxOfficeMeasure)
    territory = CodeField(territory_name)
    source = source_name()

    class Meta:
        model = BoxOffice
        fields: ClassVar = ["measure", "territory", "value", "currency", "source"]


class ConnectionSerializer(serializers.ModelSerializer[FilmConnection]):
    kind = CodeField(ConnectionKind)
    film_id = serializers.IntegerField(source="other_id", read_only=True, allow_null=True)
    title = serializers.SerializerMethodField()
    year = serializers.SerializerMethodField()

    class Meta:
        model = FilmConnection
        fields: ClassVar = ["kind", "film_id", "title", "year", "note"]

    def get_title(self, row: FilmConnection) -> str:
        return row.other.display_title if row.other else row.title

    def get_year(self, row: FilmConnection) -> int | None:
        return row.other.year if row.other else row.year


class ExternalRatingSerializer(serializers.ModelSerializer[ExternalRating]):
    rated_by = CodeField(RatingSource, source="rating_source")

    class Meta:
        model = ExternalRating
        fields: ClassVar = ["rated_by", "value", "scale", "votes", "is_votes_approximate", "checked_on"]


class ExternalCountSerializer(serializers.ModelSerializer[ExternalCount]):
    source = source_name()

    class Meta:
        model = ExternalCount
        fields: ClassVar = ["kind", "value", "source"]


class FilmLinkSerializer(serializers.ModelSerializer[FilmLink]):
    kind = CodeField(FilmLink.Kind)

    class Meta:
        model = FilmLink
        fields: ClassVar = [
            "kind",
            "title",
            "url",
            "language",
            "published",
            "publisher",
            "duration_s",
            "reply_count",
            "excerpt",
        ]


class FilmImageSerializer(serializers.ModelSerializer[FilmImage]):
    kind = CodeField(FilmImage.Kind)
    url = serializers.SerializerMethodField()

    class Meta:
        model = FilmImage
        fields: ClassVar = ["kind", "url", "caption_en", "caption_el", "credit"]

    def get_url(self, row: FilmImage) -> str:
        return addresses.file(row.image)


class AdvisorySerializer(serializers.ModelSerializer[Advisory]):
    class Meta:
        model = Advisory
        fields: ClassVar = ["kind", "level", "text"]


class CertificateSerializer(serializers.ModelSerializer[Certificate]):
    territory = CodeField(territory_name)

    class Meta:
        model = Certificate
        fields: ClassVar = ["system", "value", "territory", "minimum_age"]


class ExternalIdSerializer(serializers.ModelSerializer[ExternalId]):
    url = serializers.CharField(read_only=True)

    class Meta:
        model = ExternalId
        fields: ClassVar = ["scheme", "value", "url"]


class ReviewSerializer(serializers.ModelSerializer[Review]):
    """A review; its rights decide whether it has a body here or only an address."""

    kind = CodeField(ReviewKind)
    language = CodeField(language_name)
    published_precision = serializers.CharField(read_only=True, help_text="day, month or year")

    class Meta:
        model = Review
        fields: ClassVar = [
            "kind",
            "author_name",
            "publication",
            "series",
            "section",
            "published_date",
            "published_precision",
            "language",
            "title",
            "lead",
            "body",
            "rating",
            "scale",
            "helpful_up",
            "helpful_down",
            "url",
        ]


class VisitorRatingSerializer(serializers.Serializer[VisitorRating]):
    """What visitors gave the film, 1 to 10."""

    average = serializers.DecimalField(max_digits=4, decimal_places=2, allow_null=True, read_only=True)
    count = serializers.IntegerField(read_only=True)


class ProgrammeFilmSerializer(serializers.ModelSerializer[ProgrammeFilm]):
    film_id = serializers.IntegerField(read_only=True, allow_null=True)
    note = serializers.CharField(read_only=True)

    class Meta:
        model = ProgrammeFilm
        fields: ClassVar = ["film_id", "title", "note"]


class ProgrammeSerializer(serializers.ModelSerializer[Programme]):
    title = serializers.CharField(read_only=True)
    text = serializers.CharField(read_only=True)
    films = ProgrammeFilmSerializer(source="other_titles", many=True, read_only=True)

    class Meta:
        model = Programme
        fields: ClassVar = ["slug", "title", "title_original", "text", "year", "films"]


class VenueSerializer(serializers.ModelSerializer[Venue]):
    country = CodeField(territory_name)

    class Meta:
        model = Venue
        fields: ClassVar = ["name", "city", "country", "url"]


class ScreeningActSerializer(serializers.ModelSerializer[ScreeningAct]):
    role = serializers.CharField(read_only=True)

    class Meta:
        model = ScreeningAct
        fields: ClassVar = ["name", "role"]


class ScreeningSerializer(serializers.ModelSerializer[Screening]):
    title = serializers.CharField(read_only=True)
    text = serializers.CharField(read_only=True)
    venue = VenueSerializer(read_only=True)
    programme = serializers.CharField(source="public_programme.slug", default=None, allow_null=True, read_only=True)
    restored_by = serializers.CharField(source="restored_by.name", default=None, allow_null=True, read_only=True)
    acts = ScreeningActSerializer(many=True, read_only=True)

    class Meta:
        model = Screening
        fields: ClassVar = [
            "title",
            "title_original",
            "text",
            "programme",
            "venue",
            "starts_at",
            "length_min",
            "language_note",
            "print_note",
            "restored_by",
            "acts",
            "url",
        ]


class ClaimedValueSerializer(serializers.Serializer[Any]):
    value = serializers.CharField()
    sources = serializers.ListField(child=serializers.CharField())


class DisagreementSerializer(serializers.Serializer[Any]):
    """One fact on which sources differ; the value that is shown comes first."""

    fact = serializers.CharField()
    values = ClaimedValueSerializer(many=True)


def claimed(rows: Any) -> list[dict[str, Any]]:
    """The facts on which these claims differ."""
    return [
        {
            "fact": row.fact,
            "values": [{"value": value, "sources": sources} for value, sources in row.values],
        }
        for row in disagreements(rows)
    ]


class FilmSummarySerializer(serializers.ModelSerializer[Film]):
    """A film in a list. Needs genres and the directors' credits prefetched."""

    url = serializers.SerializerMethodField()
    title = serializers.CharField(source="display_title", read_only=True)
    countries = CodeListField(territory_name)
    languages = CodeListField(language_name)
    genres = GenreSerializer(many=True, read_only=True)
    directors = PersonSerializer(many=True, read_only=True)

    class Meta:
        model = Film
        fields: ClassVar = [
            "id",
            "url",
            "title",
            "original_title",
            "original_title_language",
            "year",
            "countries",
            "languages",
            "genres",
            "directors",
            "runtime_min",
        ]

    def get_url(self, film: Film) -> str:
        return addresses.film_page(film.pk)


class FilmSerializer(FilmSummarySerializer):
    """A film with everything that is known of it. Empty texts and null mean unknown."""

    title_en = serializers.CharField(source="title", read_only=True)
    title_el = serializers.CharField(source="greek_title", read_only=True)
    titles = FilmTitleSerializer(many=True, read_only=True)
    colour = CodeField(Colour)
    aspect_ratios = serializers.ListField(
        child=serializers.DecimalField(max_digits=4, decimal_places=2), read_only=True
    )
    texts = FilmTextSerializer(many=True, read_only=True)
    source_works = SourceWorkSerializer(many=True, read_only=True)
    credits = CreditSerializer(many=True, read_only=True)
    companies = FilmCompanySerializer(many=True, read_only=True)
    awards = AwardResultSerializer(source="award_results", many=True, read_only=True)
    releases = FilmReleaseSerializer(many=True, read_only=True)
    box_office = BoxOfficeSerializer(many=True, read_only=True)
    connections = ConnectionSerializer(many=True, read_only=True)
    external_ratings = ExternalRatingSerializer(many=True, read_only=True)
    external_counts = ExternalCountSerializer(many=True, read_only=True)
    external_ids = ExternalIdSerializer(many=True, read_only=True)
    visitor_rating = serializers.SerializerMethodField()
    links = FilmLinkSerializer(many=True, read_only=True)
    images = FilmImageSerializer(many=True, read_only=True)
    advisories = AdvisorySerializer(many=True, read_only=True)
    certificates = CertificateSerializer(many=True, read_only=True)
    reviews = ReviewSerializer(many=True, read_only=True)
    programmes = ProgrammeSerializer(many=True, read_only=True)
    screenings = ScreeningSerializer(many=True, read_only=True)
    disagreements = serializers.SerializerMethodField()

    class Meta(FilmSummarySerializer.Meta):
        fields: ClassVar = [
            *FilmSummarySerializer.Meta.fields,
            "title_en",
            "title_el",
            "titles",
            "colour",
            "aspect_ratios",
            "sound_mix",
            "process",
            "keywords",
            "locations",
            "setting_places",
            "setting_period",
            "external_wins",
            "external_nominations",
            "texts",
            "source_works",
            "credits",
            "companies",
            "awards",
            "releases",
            "box_office",
            "connections",
            "external_ratings",
            "external_counts",
            "external_ids",
            "visitor_rating",
            "links",
            "images",
            "advisories",
            "certificates",
            "reviews",
            "programmes",
            "screenings",
            "disagreements",
        ]

    @extend_schema_field(VisitorRatingSerializer)
    def get_visitor_rating(self, film: Film) -> Any:
        return VisitorRatingSerializer(self.context["visitor_ratings"][film.pk]).data

    @extend_schema_field(DisagreementSerializer(many=True))
    def get_disagreements(self, film: Film) -> list[dict[str, Any]]:
        return claimed(film.claims.all())
