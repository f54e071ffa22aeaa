"""The three groups of staff and what each may do."""

from collections.abc import Iterable, Mapping

from django.contrib.auth.models import Group, Permission
from django.db.models import Q

OWNER, CATALOGUER, ORDER_DESK = "owner", "cataloguer", "order desk"

# Costs and who wrote which rating: not for everybody who catalogues.
_CATALOGUE_PRIVATE = ("purchaserecord", "filmrating")
# What the database or the shop itself writes.
_CATALOGUE_WRITTEN = ("pricechange", "skucounter")

_DESK_VIEWS = {
    "catalog": ("film", "edition", "listing", "listingphoto", "listingdefect", "componentgrade"),
    "checkout": (
        "balancedifference",
        "coupon",
        "couponuse",
        "credit",
        "creditline",
        "dispute",
        "giftvoucher",
        "order",
        "orderaddress",
        "orderevent",
        "orderline",
        "ordermail",
        "paper",
        "payment",
        "pointsaccount",
        "pointsentry",
        "providerevent",
        "rateset",
        "rate",
        "refund",
        "reservation",
        "returnedpiece",
        "voucherentry",
        "watch",
        "withdrawal",
    ),
}
# The right to press the buttons; amounts and states stay read-only for everybody.
_DESK_CHANGES = {
    "checkout": (
        "balancedifference",
        "order",
        "payment",
        "refund",
        "reservation",
        "returnedpiece",
        "withdrawal",
    )
}


def create_groups() -> None:
    """Make the groups, or bring their permissions up to date; memberships stay.

    The permissions themselves must exist: Django writes them after the migrations of all apps.
    """
    everything = Permission.objects.filter(content_type__app_label__in=("auth", "catalog", "checkout", "shop"))
    catalogue = (
        Permission.objects.filter(content_type__app_label="catalog")
        .exclude(content_type__model__in=_CATALOGUE_PRIVATE)
        .exclude(content_type__model__startswith="historical")
        .exclude(Q(content_type__model__in=_CATALOGUE_WRITTEN) & ~Q(codename__startswith="view_"))
    )
    _set(OWNER, everything)
    _set(CATALOGUER, catalogue)
    _set(ORDER_DESK, [*_named("view", _DESK_VIEWS), *_named("change", _DESK_CHANGES)])


def _named(verb: str, models: Mapping[str, tuple[str, ...]]) -> Iterable[Permission]:
    for app, names in models.items():
        codenames = [f"{verb}_{name}" for name in names]
        yield from Permission.objects.filter(content_type__app_label=app, codename__in=codenames)


def _set(name: str, permissions: Iterable[Permission]) -> None:
    group, _created = Group.objects.get_or_create(name=name)
    group.permissions.set(permissions)
