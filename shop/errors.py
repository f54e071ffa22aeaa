"""The root of all errors a visitor or integrator can act on."""

from collections.abc import Mapping
from typing import Any, ClassVar

from django.utils.translation import gettext_lazy as _


class ShopError(Exception):
    """An expected refusal: a stable code, an HTTP status and one sentence that says what to do.

    `details` are machine-readable facts for the API, such as the SKUs concerned; never personal data.
    """

    code: ClassVar[str] = "refused"
    status: ClassVar[int] = 400
    message: ClassVar[Any] = _("That is not possible.")

    def __init__(self, message: str | None = None, **details: Any) -> None:
        self.details: Mapping[str, Any] = details
        self.text = str(message or self.message)
        super().__init__(self.text)
