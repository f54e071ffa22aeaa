"""What all pages of the staff site share: fields for lists, history, and deeds."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, TypeVar, cast

from babel.dates import format_timedelta
from django import forms
from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import Count, Field, Model, OuterRef, QuerySet, Subquery, URLField
from django.db.models.functions import Coalesce
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import formats, timezone
from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.text import capfirst
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from simple_history.admin import SimpleHistoryAdmin
from unfold.admin import ModelAdmin, StackedInline, TabularInline
from unfold.decorators import display
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget, UnfoldAdminTextareaWidget

from shop.errors import ShopError
from shop.once import do_once, save_once

Column = TypeVar("Column", bound=Callable[..., Any])


class LinesField(forms.CharField):
    """A list edited as one value a line; commas may be part of a value."""

    def __init__(self, *, base_field: forms.Field, **kwargs: Any) -> None:
        self.base_field = base_field
        kwargs.setdefault("widget", UnfoldAdminTextareaWidget(attrs={"rows": 3}))
        super().__init__(**kwargs)

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(str(item) for item in value) if isinstance(value, list) else value

    def to_python(self, value: Any) -> Any:
        lines = value if isinstance(value, list) else (value or "").splitlines()
        return [line.strip() if isinstance(line, str) else line for line in lines if str(line).strip()]

    def clean(self, value: Any) -> Any:
        lines = self.to_python(value)
        if self.required and not lines:
            raise ValidationError(self.error_messages["required"], code="required")
        return [self.base_field.clean(line) for line in lines]

    def has_changed(self, initial: Any, data: Any) -> bool:
        return [str(item) for item in self.to_python(initial)] != [str(item) for item in self.to_python(data)]


def list_formfield(db_field: ArrayField[Any, Any], **kwargs: Any) -> forms.Field:
    """Tick boxes where the list's values come from a vocabulary, else one value a line."""
    common: dict[str, Any] = {
        "label": kwargs.get("label") or capfirst(db_field.verbose_name),
        "required": not db_field.blank,
        "help_text": db_field.help_text,
    }
    choices = db_field.base_field.choices
    if choices:
        return forms.MultipleChoiceField(choices=choices, widget=UnfoldAdminCheckboxSelectMultipleWidget(), **common)
    base_field = db_field.base_field.formfield()
    if base_field is None:
        raise TypeError(db_field)
    return LinesField(base_field=base_field, **common)


class ListFields:
    """Mixin of admins and inlines that gives ArrayFields their form fields, and addresses https."""

    def formfield_for_dbfield(self, db_field: Field[Any, Any], request: HttpRequest, **kwargs: Any) -> Any:
        if isinstance(db_field, ArrayField):
            return list_formfield(db_field, **kwargs)
        if isinstance(db_field, URLField):
            kwargs.setdefault("assume_scheme", "https")
        return super().formfield_for_dbfield(db_field, request, **kwargs)  # type: ignore[misc]


class DeedForm(forms.Form):
    """Base of the few fields a deed may ask for before it is done."""

    def __init__(self, *args: Any, row: Model, **kwargs: Any) -> None:
        self.row = row
        super().__init__(*args, **kwargs)


@dataclass(frozen=True)
class Deed:
    """One thing staff can do to a row by one call of a domain function: a button, a page to confirm, a
    message.

    `do(row, by, **answers)` gets the fields of `form`; `is_offered(row)` hides the button where it makes no
    sense (the domain function decides in the end). It is always a POST, so no link or preview can trigger it.
    """

    name: str
    label: str | Promise
    do: Callable[..., Any]
    done: str | Promise
    is_offered: Callable[[Any], bool]
    permission: str
    icon: str = "chevron_right"
    explanation: str | Promise = ""
    form: type[DeedForm] = DeedForm
    is_main: bool = False
    is_danger: bool = False


class ShopAdmin(ListFields, ModelAdmin):
    """Base of all admin pages: compact, warns of unsaved changes, offers its deeds on top."""

    compressed_fields = True
    warn_unsaved_form = True
    list_fullwidth = True
    list_per_page = 50
    # Counting all rows to draw a pager gets slow with the catalogue.
    show_full_result_count = False
    change_form_outer_before_template = "admin_shop/deeds.html"
    deeds: ClassVar[Sequence[Deed]] = ()

    def get_urls(self) -> list[URLPattern]:
        name = f"{self.opts.app_label}_{self.opts.model_name}_deed"
        deed_url = path("<path:object_id>/do/<slug:deed>/", self.admin_site.admin_view(self.deed_view), name=name)
        return [deed_url, *super().get_urls()]

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> Any:
        """Add or change a row, once for each time the page was shown and filled in."""

        def save() -> Any:
            return super(ShopAdmin, self).changeform_view(request, object_id, form_url, extra_context)

        return save_once(request, save) if request.method == "POST" else save()

    def deeds_for(self, request: HttpRequest, row: Model) -> list[Deed]:
        return [deed for deed in self.deeds if request.user.has_perm(deed.permission) and deed.is_offered(row)]

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        row: Model | None = kwargs.get("obj")
        context["deeds"] = (
            [{"deed": deed, "address": self.deed_address(row, deed)} for deed in self.deeds_for(request, row)]
            if row
            else []
        )
        page: HttpResponse = super().render_change_form(request, context, *args, **kwargs)
        return page

    def deed_address(self, row: Model, deed: Deed) -> str:
        name = f"admin:{self.opts.app_label}_{self.opts.model_name}_deed"
        return reverse(name, args=(row.pk, deed.name))

    def deed_view(self, request: HttpRequest, object_id: str, deed: str) -> HttpResponse:
        """Ask, then do: the page of one deed."""
        row = self.get_object(request, unquote(object_id))
        wanted = next((one for one in self.deeds if one.name == deed), None)
        if row is None or wanted is None:
            raise Http404
        if not (self.has_view_permission(request, row) and request.user.has_perm(wanted.permission)):
            raise PermissionDenied
        form = wanted.form(request.POST if request.method == "POST" else None, row=row)
        status = None
        if request.method == "POST" and form.is_valid():
            try:
                return self._do(request, row, wanted, form.cleaned_data)
            except ShopError as error:
                if not form.fields:
                    # Nothing was typed that could be put right.
                    self.message_user(request, error.text, messages.ERROR)
                    return HttpResponseRedirect(self._change_address(row))
                form.add_error(None, error.text)
                status = error.status
        context = {
            **self.admin_site.each_context(request),
            "title": wanted.label,
            "opts": self.opts,
            "row": row,
            "deed": wanted,
            "form": form,
            "back": self._change_address(row),
        }
        return TemplateResponse(request, "admin_shop/deed.html", context, status=status)

    def _do(self, request: HttpRequest, row: Model, deed: Deed, answers: dict[str, Any]) -> HttpResponse:
        def do() -> str:
            result = deed.do(row, request.user, **answers)
            # A deed that made another row, such as a duplicate, leads there.
            return self._change_address(result if isinstance(result, self.model) else row)

        address = do_once(request, do)
        self.message_user(request, str(deed.done) % {"row": row}, messages.SUCCESS)
        return HttpResponseRedirect(address)

    def _change_address(self, row: Model) -> str:
        return reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_change", args=(row.pk,))

    def do_to_all(self, request: HttpRequest, rows: Any, do: Callable[[Any, Any], Any], done: str) -> None:
        """A deed for every chosen row; each is a transaction of its own, refusals are told one by one."""
        count = 0
        for row in rows:
            try:
                do(row, request.user)
            except ShopError as error:
                self.message_user(request, error.text, messages.ERROR)
            else:
                count += 1
        if count:
            self.message_user(request, f"{done}: {count}", messages.SUCCESS)


class HistoryAdmin(SimpleHistoryAdmin, ShopAdmin):
    """An admin page whose model keeps its history. The history is read, never written back:
    an old row brought back would overwrite states and money behind the domain functions."""

    def revert_disabled(self, request: HttpRequest, obj: Any = None) -> bool:
        return True

    def history_form_view(
        self, request: HttpRequest, object_id: str, version_id: str, extra_context: Any = None
    ) -> HttpResponse:
        if request.method != "GET":
            return HttpResponseNotAllowed(["GET"])
        page: HttpResponse = super().history_form_view(request, object_id, version_id, extra_context)
        return page


class ReadOnlyAdmin(ShopAdmin):
    """Rows that only domain functions write; the staff site shows them and offers deeds."""

    warn_unsaved_form = False
    # Labels above their values: these pages are read, many facts at a time.
    compressed_fields = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class ShopTabular(ListFields, TabularInline):
    extra = 0
    # The row's name would only repeat its columns. The theme's link to the row's own page goes with it, so
    # `show_change_link` adds a column for it.
    hide_title = True

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        """What is typed first, then where it was read, then the way to the row's own page."""
        fields = [name for name in super().get_fields(request, obj) if name not in self._links]
        return [*sorted(fields, key=lambda name: name == "source"), *self._links]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        return [*super().get_readonly_fields(request, obj), *self._links]

    @property
    def _links(self) -> list[str]:
        return ["own_page"] if self.show_change_link else []

    @admin.display(description="")
    def own_page(self, row: Model) -> str:
        if row.pk is None:
            return ""
        return link_to(f"{row._meta.app_label}_{row._meta.model_name}", row.pk, _("Details"))


class ShopStacked(ListFields, StackedInline):
    extra = 0


class _ReadOnlyRows:
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class ReadOnlyTabular(_ReadOnlyRows, ShopTabular):
    """Rows of a read-only table below their parent."""


class ReadOnlyStacked(_ReadOnlyRows, ShopStacked):
    """A read-only part of its parent's page."""


def coloured(
    *, description: str | Promise, colours: Mapping[Any, str], ordering: str | None = None
) -> Callable[[Column], Column]:
    """A list column shown as a label in the colour of its first value; the method returns (value, text)."""
    return cast(
        "Callable[[Column], Column]",
        display(description=description, ordering=ordering, label=dict(colours)),
    )


def link_to(page: str, row_id: int, text: str) -> str:
    """A link to a row's own page, such as that of `checkout_order`."""
    address = reverse(f"admin:{page}_change", args=(row_id,))
    return format_html('<a class="row-link" href="{}">{}</a>', address, text)


def moment(at: datetime) -> str:
    """A moment as the theme shows those of fields."""
    return formats.localize(timezone.localtime(at))


def age_of(since: datetime) -> str:
    """How long ago that was, in one unit. Django's own `timesince` has no Greek."""
    return format_timedelta(timezone.now() - since, threshold=1, granularity="minute", locale=get_language() or "en")


def count_of(rows: QuerySet[Any], *, by: str) -> Coalesce:
    """How many of these rows a row of the list has, as a subquery: a join would group the list and so drop
    the order that its pages and autocompletes need."""
    of_one = rows.filter(**{by: OuterRef("pk")}).order_by().values(by)
    return Coalesce(Subquery(of_one.annotate(number=Count("pk")).values("number")), 0)
