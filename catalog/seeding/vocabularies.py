"""Genres, grade definitions, region territories and award bodies: the vocabularies that staff may extend."""

from django.db import transaction

from catalog.models import AwardBody, ConditionGrade, Genre, RegionArea
from catalog.seeding.files import read_json


def load_vocabularies() -> None:
    """Add the rows that are missing; those that staff changed keep their change."""
    rows = read_json("vocabularies.json")
    with transaction.atomic():
        Genre.objects.bulk_create(
            [Genre(code=code, name_en=english, name_el=greek) for code, english, greek in rows["genres"]],
            ignore_conflicts=True,
        )
        AwardBody.objects.bulk_create(
            [AwardBody(name=name, country=country) for name, country in rows["award_bodies"]],
            ignore_conflicts=True,
        )
        RegionArea.objects.bulk_create(
            [
                RegionArea(system=row["system"], code=row["code"], area_en=row["en"], area_el=row["el"])
                for row in rows["regions"]
            ],
            ignore_conflicts=True,
        )
        ConditionGrade.objects.bulk_create([ConditionGrade(**row) for row in rows["grades"]], ignore_conflicts=True)
