"""Forms of values that recur all over the API: a code with its label, an amount of money."""

from collections.abc import Callable, Iterable
from decimal import Decimal
from functools import lru_cache
from typing import Any

from django.db.models import Choices
from django.db.models.enums import ChoicesType
from django.utils.translation import get_language, override
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

Words = type[Choices] | Callable[[str], str]


@lru_cache(maxsize=4096)
def _coded(words: Words, code: str, language: str) -> dict[str, str]:
    with override(language):
        if isinstance(words, ChoicesType):
            return {"code": code, "label": str(words(code).label) if code in words.values else code}
        return {"code": code, "label": words(code)}


def coded(words: Words, code: str | None) -> dict[str, str] | None:
    """A code with its label in the language of the answer; None where it is unknown.

    The dicts are shared between answers: never change one.
    """
    return _coded(words, str(code), get_language() or "en") if code else None


def coded_list(words: Words, codes: Iterable[str]) -> list[dict[str, str] | None]:
    return [coded(words, code) for code in codes]


class CodeSerializer(serializers.Serializer[Any]):
    """A code that never changes its meaning and its label in the language of the answer."""

    code = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]  # DRF has an attribute of that name


@extend_schema_field(CodeSerializer)
class CodeField(serializers.Field[Any, Any, Any, Any]):
    """A code of a vocabulary, null where it is unknown. `words`: its TextChoices, or a function from code to label."""

    def __init__(self, words: Words, **kwargs: Any) -> None:
        self.words = words
        super().__init__(read_only=True, allow_null=True, **kwargs)

    def to_representation(self, value: Any) -> dict[str, str] | None:
        return coded(self.words, value)


@extend_schema_field(CodeSerializer(many=True))
class CodeListField(serializers.Field[Any, Any, Any, Any]):
    """Several codes of a vocabulary."""

    def __init__(self, words: Words, **kwargs: Any) -> None:
        self.words = words
        super().__init__(read_only=True, **kwargs)

    def to_representation(self, value: Any) -> list[dict[str, str] | None]:
        return coded_list(self.words, value)


class DecimalText(serializers.RegexField):
    """An exact decimal as text. A JSON number is refused: many readers make a float of it."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(r"^[0-9]{1,10}(\.[0-9]{1,2})?$", **kwargs)

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        text: str = super().to_internal_value(data)
        return text


class AmountSerializer(serializers.Serializer[Any]):
    """Money: an exact decimal as text, never a float."""

    amount = DecimalText(help_text="Such as 5.00")
    currency = serializers.RegexField(r"^[A-Z]{3}$", help_text="ISO 4217")


def amount(value: Decimal | None, currency: str) -> dict[str, str] | None:
    """An amount as the API writes it; the decimals are those the Decimal has."""
    return None if value is None else {"amount": f"{value:f}", "currency": currency}
