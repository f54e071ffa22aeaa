"""What signed-in visitors think of films."""

from dataclasses import dataclass

from django.db.models import Avg, Count

from catalog.models import FilmRating


@dataclass
class VisitorRating:
    """What signed-in visitors gave a film; no average before the first."""

    average: float | None
    count: int


def visitor_ratings(film_ids: list[int]) -> dict[int, VisitorRating]:
    """Average and number of visitors' ratings a film."""
    found = (
        FilmRating.objects.filter(film__in=film_ids)
        .values_list("film")
        .annotate(average=Avg("value"), count=Count("pk"))
        .order_by()
    )
    ratings = {film_id: VisitorRating(None, 0) for film_id in film_ids}
    return ratings | {film_id: VisitorRating(average, count) for film_id, average, count in found}
