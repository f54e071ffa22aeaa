"""Filters that refuse what they do not understand."""

from collections.abc import Collection
from typing import Any, Self

import django_filters
from django.db.models import QuerySet
from rest_framework.request import Request

from shop import problems
from shop.api.views import refuse_unknown


class StrictFilterSet(django_filters.FilterSet):
    """A filter set whose mistakes are refused rather than ignored."""

    @classmethod
    def read(cls, request: Request, queryset: QuerySet[Any], *, others: Collection[str] = ()) -> Self:
        """The filter of a request. Raises Invalid for malformed values and for arguments but its own and the others."""
        refuse_unknown(request, {*cls.base_filters, *others})
        found = cls(data=request.query_params, queryset=queryset)
        if found.form.is_valid():
            return found
        raise problems.Invalid(
            [
                {"parameter": name, "code": error.code or "invalid", "message": " ".join(error.messages)}
                for name, errors in found.form.errors.as_data().items()
                for error in errors
            ]
        )
