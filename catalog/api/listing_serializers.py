"""One copy as the API shows it, without what selling adds. Staff's facts (shelf, purchase) are not among them."""

from typing import Any, ClassVar

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from catalog.api import addresses
from catalog.models import ComponentGrade, ConditionGrade, Listing, ListingDefect, ListingPhoto
from catalog.vocabularies import (
    ComponentState,
    ConditionComponent,
    Defect,
    Grade,
    Provenance,
    TestState,
)
from shop.api.fields import CodeField, coded


class GradeSerializer(serializers.Serializer[Any]):
    """A grade with its definition, as it is printed beside it."""

    code = serializers.CharField()
    label = serializers.CharField()
    definition = serializers.CharField()


class ComponentGradeSerializer(serializers.ModelSerializer[ComponentGrade]):
    """The grade of one part, or what is said instead of one."""

    component = CodeField(ConditionComponent)
    grade = CodeField(Grade)
    state = CodeField(ComponentState)

    class Meta:
        model = ComponentGrade
        fields: ClassVar = ["component", "disc_number", "grade", "state", "note"]


class DefectSerializer(serializers.ModelSerializer[ListingDefect]):
    kind = CodeField(Defect)
    component = CodeField(ConditionComponent)
    note = serializers.CharField(read_only=True)

    class Meta:
        model = ListingDefect
        fields: ClassVar = ["kind", "component", "disc_number", "note"]


class PhotoSerializer(serializers.ModelSerializer[ListingPhoto]):
    """A picture of this copy. A drawing says so: `is_illustration`."""

    kind = CodeField(ListingPhoto.Kind)
    url = serializers.SerializerMethodField()
    caption = serializers.CharField(read_only=True)

    class Meta:
        model = ListingPhoto
        fields: ClassVar = ["kind", "url", "width", "height", "caption", "credit", "is_illustration"]

    def get_url(self, photo: ListingPhoto) -> str:
        return addresses.file(photo.image)


class FrontPhotoSerializer(serializers.Serializer[Any]):
    """The first picture of a copy."""

    url = serializers.CharField()
    width = serializers.IntegerField()
    height = serializers.IntegerField()
    is_illustration = serializers.BooleanField()


class VerdictSerializer(serializers.Serializer[Any]):
    """Whether the disc plays on the asked player, and why."""

    answer = serializers.CharField(help_text="yes, multi_region, needs_standard, no or unknown")
    label = serializers.CharField(source="answer.label")
    reason = serializers.CharField()


class CopySerializer(serializers.ModelSerializer[Listing]):
    """The facts of one copy. `grades` in the context are the definitions by code."""

    url = serializers.SerializerMethodField()
    title = serializers.CharField(read_only=True)
    full_title = serializers.CharField(read_only=True)
    grade = serializers.SerializerMethodField()
    component_grades = ComponentGradeSerializer(many=True, read_only=True)
    defects = DefectSerializer(many=True, read_only=True)
    test_state = CodeField(TestState)
    provenance = CodeField(Provenance)
    provenance_note = serializers.CharField(read_only=True)
    note = serializers.CharField(read_only=True)
    photos = PhotoSerializer(many=True, read_only=True)

    class Meta:
        model = Listing
        fields: ClassVar = [
            "sku",
            "url",
            "title",
            "full_title",
            "grade",
            "component_grades",
            "defects",
            "test_state",
            "provenance",
            "provenance_note",
            "note",
            "photos",
            "published_at",
            "sold_at",
            "version",
        ]

    def get_url(self, listing: Listing) -> str:
        return addresses.listing_page(listing.sku)

    @extend_schema_field(GradeSerializer(allow_null=True))
    def get_grade(self, listing: Listing) -> dict[str, str] | None:
        grade = coded(Grade, listing.headline_grade)
        if grade is None:
            return None
        definition: ConditionGrade | None = self.context["grades"].get(listing.headline_grade)
        return {**grade, "definition": definition.definition if definition else ""}
