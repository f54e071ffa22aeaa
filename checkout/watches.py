"""Who lost a piece to somebody quicker may hear when it can be had again: one mail, then the address is forgotten.

What is asked is whether the piece can be reserved now, not what happened to it: a basket that was given up, an order
that was not paid, a sale that was cancelled and a returned piece that is on offer again all come to the same.
Everybody who waits is told at once; whoever reserves it first has it.
"""

from contextlib import suppress
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone, translation
from procrastinate.exceptions import AlreadyEnqueued

from catalog.models import Listing
from checkout import letters, watch_tasks
from checkout.errors import WatchNotFound
from checkout.models import Watch

# A piece that was not to be had for a year will hardly be.
KEPT = timedelta(days=365)


def begin(listing: Listing, *, email: str, language: str) -> Watch:
    """Keep the address until the piece can be had again; asking again gives the same watch."""
    Watch.objects.bulk_create([Watch(listing=listing, email=email, language=language)], ignore_conflicts=True)
    return Watch.objects.get(listing=listing, email__iexact=email)


def by_token(token: str) -> Watch:
    """Raises WatchNotFound."""
    found = Watch.objects.filter(token=token).select_related("listing").first()
    if found is None:
        raise WatchNotFound
    return found


def end(token: str) -> None:
    """Forget an address before any mail. Ending again changes nothing."""
    Watch.objects.filter(token=token).delete()


def announce() -> int:
    """Queue a mail for every watch whose piece can be reserved now; returns how many."""
    due = Watch.objects.filter(listing__in=Listing.objects.for_sale()).values_list("pk", flat=True)
    count = 0
    for pk in due:
        # One mail that cannot be sent is not queued anew every minute, and two jobs never send the same.
        job = watch_tasks.tell_watcher.configure(lock=f"watch-{pk}", queueing_lock=f"watch-{pk}")
        with suppress(AlreadyEnqueued), transaction.atomic():
            job.defer(watch_id=pk)
            count += 1
    return count


def tell(*, watch_id: int) -> bool:
    """Send the mail and forget the address; False where that was done, or the piece is taken again."""
    watch = Watch.objects.filter(pk=watch_id, listing__in=Listing.objects.for_sale()).select_related("listing").first()
    if watch is None:
        return False
    with translation.override(watch.language):
        link = settings.BASE_URL + watch.listing.get_absolute_url()
        letters.send("available_again", {"listing": watch.listing, "link": link}, to=watch.email)
    watch.delete()
    return True


def forget_old() -> int:
    """Delete watches nothing came of; returns how many."""
    return Watch.objects.filter(created_at__lt=timezone.now() - KEPT).delete()[0]
