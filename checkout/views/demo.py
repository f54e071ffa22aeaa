"""The demo provider's own page, where the visitor plays the bank. It exists only in the demo."""

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.views.decorators.http import require_http_methods

from checkout.gateways import demo
from checkout.models import DemoPayment
from checkout.money import from_minor_units
from checkout.views.guards import secret_link
from shop.posts import same_origin_post


@same_origin_post
@require_http_methods(["GET", "HEAD", "POST"])
@secret_link
def demo_payment(request: HttpRequest, reference: str) -> HttpResponse:
    """Approve, ask for 3-D Secure, decline or cancel; once decided, back to the shop."""
    record = DemoPayment.objects.filter(reference=reference).first() if settings.DEMO else None
    if record is None:
        raise Http404
    if request.method == "POST":
        record = demo.decide(reference, request.POST.get("decision", ""))
    if record.status not in (DemoPayment.Status.OPEN, DemoPayment.Status.NEEDS_CONFIRMATION):
        return HttpResponseRedirect(record.return_url)
    context = {
        "payment": record,
        "amount": from_minor_units(record.amount_minor, record.currency),
        "is_challenge": record.status == DemoPayment.Status.NEEDS_CONFIRMATION,
    }
    return render(request, "checkout/demo_payment.html", context)
