"""What the catalogue refuses to do, and why."""

from collections.abc import Sequence

from django.utils.text import get_text_list
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from shop.errors import ShopError


class CatalogError(ShopError):
    """Any refusal of the catalogue."""

    code = "catalog_refused"


class SkuPrefixInvalid(CatalogError):
    """The parts a SKU is made of are not a department and one to three category codes."""

    code = "sku_prefix_invalid"
    message = gettext_lazy("A SKU needs a department and one to three categories of three capital letters.")


class GradesContradict(CatalogError):
    """The grades of the parts cannot all be true of one piece."""

    code = "grades_contradict"
    message = gettext_lazy("A sealed piece is sealed in every part: grade all parts sealed, or none.")


class GradeRaised(CatalogError):
    """The headline grade may be lowered by hand, never raised above the parts."""

    code = "grade_raised"
    message = gettext_lazy("The headline grade may only be lowered, not raised above the worst part.")


class ListingNotPublishable(CatalogError):
    """A draft that is not ready; `problems` names everything there is to do, not only the first thing."""

    code = "listing_not_publishable"
    status = 409

    def __init__(self, *, sku: str, problems: Sequence[str]) -> None:
        self.problems = tuple(str(problem) for problem in problems)
        super().__init__(
            _("%(sku)s cannot be published yet: %(problems)s.")
            % {"sku": sku, "problems": get_text_list(list(self.problems), _("and"))},
            sku=sku,
            problems=self.problems,
        )


class ListingMoveRefused(CatalogError):
    """The listing's state does not allow that."""

    code = "listing_move_refused"
    status = 409
    message = gettext_lazy("The listing's state does not allow that.")


class ListingPriceFixed(CatalogError):
    """The price of a piece that somebody holds or has bought stays as it is."""

    code = "listing_price_fixed"
    status = 409
    message = gettext_lazy("The price cannot be changed while the piece is reserved or after it is sold.")


class PhotoRefused(CatalogError):
    """An uploaded picture that cannot be kept; the sentence says what to do about it."""

    code = "photo_refused"
    message = gettext_lazy("That picture cannot be used.")

    @classmethod
    def too_many_bytes(cls, limit: int) -> "PhotoRefused":
        return cls(_("The file is larger than %(limit)d MB. Send a smaller one.") % {"limit": limit // 1024**2})

    @classmethod
    def too_many_pixels(cls, limit: int) -> "PhotoRefused":
        return cls(_("The picture has more than %(limit)d megapixels. Send a smaller one.") % {"limit": limit // 10**6})

    @classmethod
    def too_small(cls, edge: int) -> "PhotoRefused":
        return cls(_("The picture is smaller than %(edge)d pixels on one side. Send a larger one.") % {"edge": edge})

    @classmethod
    def unknown_format(cls) -> "PhotoRefused":
        return cls(_("That is no JPEG, PNG, WebP, AVIF or TIFF picture. Save it as JPEG and send it again."))

    @classmethod
    def damaged(cls) -> "PhotoRefused":
        return cls(_("The picture is damaged or incomplete. Send it again."))
