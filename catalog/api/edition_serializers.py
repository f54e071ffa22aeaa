"""Editions as the API shows them: the release, its discs, tracks and extras."""

from typing import Any, ClassVar

from django.utils.translation import get_language
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from catalog.api.film_serializers import (
    CertificateSerializer,
    DisagreementSerializer,
    ExternalIdSerializer,
    claimed,
)
from catalog.models import (
    AudioTrack,
    Company,
    Edition,
    EditionDisc,
    EditionExtra,
    RegionArea,
    SubtitleTrack,
)
from catalog.names import language_name, territory_name
from catalog.vocabularies import (
    AudioChannels,
    AudioCodec,
    AudioKind,
    BlurayRegion,
    Colour,
    DiscFormat,
    DvdRegion,
    EditionFlag,
    ExtraFeature,
    Insert,
    Packaging,
    PackagingExtra,
    ScreenPresentation,
    SubtitleDelivery,
    SubtitleKind,
    VideoStandard,
)
from shop.api.fields import CodeField, CodeListField


class LabelSerializer(serializers.ModelSerializer[Company]):
    country = CodeField(territory_name)

    class Meta:
        model = Company
        fields: ClassVar = ["id", "name", "country", "url"]


class AudioTrackSerializer(serializers.ModelSerializer[AudioTrack]):
    language = CodeField(language_name)
    codec = CodeField(AudioCodec)
    channels = CodeField(AudioChannels)
    kind = CodeField(AudioKind)

    class Meta:
        model = AudioTrack
        fields: ClassVar = ["id", "position", "language", "codec", "channels", "kind", "label"]


class SubtitleTrackSerializer(serializers.ModelSerializer[SubtitleTrack]):
    """Subtitles of the whole edition, or of the audio track that is named."""

    audio_track = serializers.IntegerField(source="audio_track_id", read_only=True, allow_null=True)
    language = CodeField(language_name)
    kind = CodeField(SubtitleKind)
    delivery = CodeField(SubtitleDelivery)

    class Meta:
        model = SubtitleTrack
        fields: ClassVar = ["id", "audio_track", "position", "language", "kind", "delivery"]


class DiscSerializer(serializers.ModelSerializer[EditionDisc]):
    format = CodeField(DiscFormat)

    class Meta:
        model = EditionDisc
        fields: ClassVar = ["number", "format", "title", "content"]


class ExtraSerializer(serializers.ModelSerializer[EditionExtra]):
    kind = CodeField(ExtraFeature)

    class Meta:
        model = EditionExtra
        fields: ClassVar = ["kind", "title", "duration_s", "language"]


class RegionSerializer(serializers.Serializer[Any]):
    """A region with the territories it is sold in, in words."""

    code = serializers.CharField()
    label = serializers.CharField()
    territories = serializers.CharField()


class EditionSummarySerializer(serializers.ModelSerializer[Edition]):
    """An edition in a list. Needs label, audio and subtitle tracks loaded."""

    label = LabelSerializer(read_only=True, allow_null=True)
    territory = CodeField(territory_name)
    disc_format = CodeField(DiscFormat)
    regions = CodeListField(DvdRegion)
    bluray_regions = CodeListField(BlurayRegion)
    video_standard = CodeField(VideoStandard)
    audio_tracks = AudioTrackSerializer(many=True, read_only=True)
    subtitle_tracks = SubtitleTrackSerializer(many=True, read_only=True)

    class Meta:
        model = Edition
        fields: ClassVar = [
            "id",
            "title",
            "label",
            "territory",
            "barcode",
            "gtin",
            "disc_format",
            "disc_count",
            "regions",
            "bluray_regions",
            "video_standard",
            "runtime_min",
            "are_tracks_complete",
            "audio_tracks",
            "subtitle_tracks",
        ]


class EditionSerializer(EditionSummarySerializer):
    """An edition with everything that is known of it. Empty texts and null mean unknown.

    `region_areas` in the context are the RegionArea rows of its regions.
    """

    film_ids = serializers.SerializerMethodField()
    regions = serializers.SerializerMethodField()
    bluray_regions = serializers.SerializerMethodField()
    release_date_precision = serializers.CharField(read_only=True, help_text="day, month or year")
    colour = CodeField(Colour)
    aspect_ratios = serializers.ListField(
        child=serializers.DecimalField(max_digits=4, decimal_places=2), read_only=True
    )
    presentations = CodeListField(ScreenPresentation)
    packaging = CodeField(Packaging)
    packaging_extras = CodeListField(PackagingExtra)
    inserts = CodeListField(Insert)
    flags = CodeListField(EditionFlag)
    is_barcode_invalid = serializers.BooleanField(read_only=True)
    note = serializers.SerializerMethodField()
    discs = DiscSerializer(many=True, read_only=True)
    extras = ExtraSerializer(many=True, read_only=True)
    certificates = CertificateSerializer(many=True, read_only=True)
    external_ids = ExternalIdSerializer(many=True, read_only=True)
    disagreements = serializers.SerializerMethodField()

    class Meta(EditionSummarySerializer.Meta):
        fields: ClassVar = [
            *EditionSummarySerializer.Meta.fields,
            "film_ids",
            "catalogue_number",
            "distribution_code",
            "is_barcode_invalid",
            "release_date",
            "release_date_precision",
            "rce",
            "colour",
            "aspect_ratios",
            "presentations",
            "packaging",
            "packaging_extras",
            "inserts",
            "flags",
            "note",
            "discs",
            "extras",
            "certificates",
            "external_ids",
            "disagreements",
        ]

    def get_film_ids(self, edition: Edition) -> list[int]:
        return [row.film_id for row in edition.edition_films.all()]

    @extend_schema_field(RegionSerializer(many=True))
    def get_regions(self, edition: Edition) -> list[dict[str, str]]:
        return self._areas(RegionArea.System.DVD, DvdRegion, edition.regions)

    @extend_schema_field(RegionSerializer(many=True))
    def get_bluray_regions(self, edition: Edition) -> list[dict[str, str]]:
        return self._areas(RegionArea.System.BLURAY, BlurayRegion, edition.bluray_regions)

    def _areas(self, system: str, words: Any, codes: list[str]) -> list[dict[str, str]]:
        is_greek = get_language() == "el"
        known = {
            area.code: area.area_el if is_greek else area.area_en
            for area in self.context["region_areas"]
            if area.system == system
        }
        return [{"code": code, "label": str(words(code).label), "territories": known.get(code, "")} for code in codes]

    def get_note(self, edition: Edition) -> str:
        return (edition.note_el if get_language() == "el" else "") or edition.note_en

    @extend_schema_field(DisagreementSerializer(many=True))
    def get_disagreements(self, edition: Edition) -> list[dict[str, Any]]:
        return claimed(edition.claims.all())
