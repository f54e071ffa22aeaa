"""Somebody who wants to hear when a piece can be had again."""

from typing import ClassVar

from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from catalog.models import Listing
from checkout.models.order import new_token


class Watch(models.Model):
    """An address to be mailed once when the listing can be reserved again; the row ends with that mail."""

    token = models.CharField(max_length=43, unique=True, default=new_token, editable=False)
    listing = models.ForeignKey(Listing, on_delete=models.CASCADE, related_name="watches", verbose_name=_("listing"))
    email = models.EmailField(_("email"))
    language = models.CharField(_("language"), max_length=5, default="en")
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("watch")
        verbose_name_plural = _("watches")
        ordering: ClassVar = ["-id"]
        constraints: ClassVar = [
            models.UniqueConstraint("listing", Lower("email"), name="one_watch_per_listing_and_address")
        ]

    def __str__(self) -> str:
        return self.listing.sku
