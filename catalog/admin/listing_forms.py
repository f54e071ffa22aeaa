"""The forms of the listing page: grades by radio, new photos, a price in euro."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import MinValueValidator
from django.template.loader import render_to_string
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext_lazy as _
from djmoney.money import Money
from unfold.widgets import (
    UnfoldAdminCheckboxSelectMultipleWidget,
    UnfoldAdminDecimalFieldWidget,
    UnfoldAdminRadioSelectWidget,
    UnfoldAdminSelectWidget,
)

from catalog import listings, photos
from catalog.errors import CatalogError
from catalog.models import ComponentGrade, Genre, Listing
from catalog.vocabularies import ComponentState, ConditionComponent, Department, Grade, ListingState
from shop.errors import ShopError

# States in which the database insists on a grade; the form says so in words first.
PUBLIC_STATES = (ListingState.LISTED, ListingState.RESERVED, ListingState.SOLD)


class PhotosInput(forms.ClearableFileInput):
    """Several pictures at once, chosen or dropped; a script shows them before they are sent."""

    allow_multiple_selected = True
    template_name = "admin_shop/photos_input.html"

    def _render(self, template_name: str, context: Any, renderer: Any = None) -> SafeString:
        # Forms look for their widgets' templates in apps only, not in the project's folder.
        return mark_safe(render_to_string(template_name, context))  # noqa: S308 - a template's own output


class PhotosField(forms.FileField):
    widget = PhotosInput

    def clean(self, data: Any, initial: Any = None) -> list[bytes]:
        files = [one for one in (data if isinstance(data, list | tuple) else [data]) if one]
        contents = [super(PhotosField, self).clean(one, initial).read() for one in files]
        for content in contents:
            try:
                photos.read_photo(content)
            except ShopError as error:
                raise ValidationError(error.text, code=error.code) from error
        return contents


class PriceField(forms.DecimalField):
    """An amount in EUR that becomes the listing's price."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            max_digits=8,
            decimal_places=2,
            validators=[MinValueValidator(Decimal("0.01"))],
            widget=UnfoldAdminDecimalFieldWidget(attrs={"prefix": "€", "inputmode": "decimal"}),
            **kwargs,
        )

    def prepare_value(self, value: Any) -> Any:
        return value.amount if isinstance(value, Money) else value

    def clean(self, value: Any) -> Any:
        amount = super().clean(value)
        return None if amount is None else Money(amount, "EUR")

    def has_changed(self, initial: Any, data: Any) -> bool:
        return super().has_changed(self.prepare_value(initial), data)


class ListingForm(forms.ModelForm[Listing]):
    price = PriceField(label=_("Price (EUR)"))
    new_photos = PhotosField(
        label=_("Add photos"),
        required=False,
        help_text=_("Front first, then back, disc and whatever shows a defect. JPEG, PNG, WebP or AVIF."),
    )

    class Meta:
        model = Listing
        fields = (
            "edition",
            "price",
            "points_override",
            "weight_g",
            "grade_override",
            "is_fault_accepted",
            "test_state",
            "provenance",
            "provenance_note_en",
            "provenance_note_el",
            "note_en",
            "note_el",
            "tax_scheme",
            "shelf",
        )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.state not in listings.REPRICEABLE:
            del self.fields["price"]


class NewListingForm(ListingForm):
    """Adds the parts of the SKU, which is allocated once and never changed."""

    department = forms.ChoiceField(
        label=_("Department"),
        choices=Department.choices,
        initial=Department.MOVIES,
        widget=UnfoldAdminSelectWidget,
    )
    categories = forms.MultipleChoiceField(
        label=_("Categories in the SKU"),
        required=False,
        help_text=_("One to three. None: the first two genres of the film."),
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        genres = Genre.objects.order_by("code")
        self.fields["categories"].choices = [(genre.code, f"{genre.code} {genre}") for genre in genres]  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        chosen = cleaned.get("categories") or []
        edition = cleaned.get("edition")
        if len(chosen) > listings.CATEGORIES_MAX:
            self.add_error("categories", _("Three categories at most."))
        if not chosen and edition and not Genre.objects.filter(films__editions=edition).exists():
            self.add_error("categories", _("The film has no genre: choose a category."))
        return cleaned


VERDICTS: list[tuple[str, Any]] = [*Grade.choices, *ComponentState.choices]


class GradeForm(forms.ModelForm[ComponentGrade]):
    """One part of the piece: a grade, or what stands instead of one, in a single row of radio buttons."""

    verdict = forms.ChoiceField(
        label=_("Grade"), choices=VERDICTS, widget=UnfoldAdminRadioSelectWidget(attrs={"class": "verdict"})
    )

    class Meta:
        model = ComponentGrade
        fields = ("component", "disc_number", "verdict", "note")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            self.initial["verdict"] = self.instance.grade or self.instance.state

    def _post_clean(self) -> None:
        # Before the model's own constraints are checked, which ask for either a grade or a state.
        verdict = self.cleaned_data.get("verdict", "")
        self.instance.grade = verdict if verdict in Grade.values else ""
        self.instance.state = verdict if verdict in ComponentState.values else ""
        super()._post_clean()  # type: ignore[misc]


def expected_parts(listing: Listing) -> list[dict[str, Any]]:
    """The parts a piece is made of, as far as its edition tells: every disc, the case, the paper."""
    discs = (listing.edition.disc_count or 1) if listing.edition_id else 1
    return [
        *({"component": ConditionComponent.DISC, "disc_number": number} for number in range(1, discs + 1)),
        {"component": ConditionComponent.CASE},
        {"component": ConditionComponent.ARTWORK},
        {"component": ConditionComponent.INSERTS},
    ]


class GradeFormSet(forms.BaseInlineFormSet[ComponentGrade, Listing, GradeForm]):
    """All parts at once; empty rows wait for the parts that have no grade yet and are not saved untouched."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        known = {(part.component, part.disc_number) for part in self.get_queryset()}
        waiting = []
        for part in expected_parts(self.instance):
            component, disc_number = part["component"], part.get("disc_number")
            # A disc graded without a number stands for all discs.
            if (component, disc_number) not in known and (component, None) not in known:
                waiting.append(part)
        self.initial_extra: Sequence[Any] = waiting
        self.extra = len(waiting)

    def clean(self) -> None:
        super().clean()
        if any(self.errors):
            return
        parts = [
            form.instance
            for form in self.forms
            if form not in self.deleted_forms and (form.instance.pk or form.has_changed())
        ]
        try:
            headline = listings.headline_of(parts, lowered_to=self.instance.grade_override)
        except CatalogError as error:
            raise ValidationError(error.text, code=error.code) from error
        if self.instance.state in PUBLIC_STATES and not headline:
            raise ValidationError(_("A piece on offer needs at least one grade."), code="grade_missing")
        if self.instance.state in PUBLIC_STATES and headline == Grade.FAULTY and not self.instance.is_fault_accepted:
            raise ValidationError(
                _("A faulty piece on offer needs the tick “sell although faulty”."), code="fault_not_accepted"
            )
