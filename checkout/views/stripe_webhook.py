"""Where Stripe tells what happened. Only recorded here; a task does the rest, so the answer is quick."""

import structlog
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from checkout import provider_events
from checkout.gateways.stripe.webhooks import NoticeRefused, read_notice

logger = structlog.get_logger(__name__)
# Stripe's largest events are far smaller.
MOST_BYTES = 256 * 1024


@csrf_exempt
@require_POST
def stripe_webhook(request: HttpRequest) -> HttpResponse:
    """Record a signed event once. 400 for anything else: Stripe shows it in its dashboard and tries again."""
    if not (settings.STRIPE_SECRET_KEY and settings.STRIPE_WEBHOOK_SECRET):
        raise Http404
    body = request.read(MOST_BYTES + 1)
    if len(body) > MOST_BYTES:
        return HttpResponse(status=413)
    try:
        notice = read_notice(body, request.headers.get("Stripe-Signature", ""))
    except NoticeRefused as refusal:
        logger.warning("webhook_refused", reason=str(refusal))
        return HttpResponse(status=400)
    provider_events.record(notice)
    return HttpResponse(status=200)
