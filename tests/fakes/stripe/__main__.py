"""`python -m tests.fakes.stripe --port 8111 --webhook http://127.0.0.1:8000/stripe/webhook/`"""

import argparse
import sys
from pathlib import Path

from tests.fakes.stripe.fake import SECRET
from tests.fakes.stripe.server import FakeStripeServer


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m tests.fakes.stripe", description="Stripe, as far as the shop uses it."
    )
    parser.add_argument("--port", type=int, default=8111)
    parser.add_argument("--webhook", default="", help="where events are sent")
    parser.add_argument("--secret", default=SECRET, help="signs the webhooks: the shop's STRIPE_WEBHOOK_SECRET")
    parser.add_argument("--state", type=Path, default=None, help="a file that keeps everything over a restart")
    parser.add_argument("--copies", type=int, default=1, help="how often each event is sent")
    parser.add_argument("--delay", type=float, default=0.0, help="events come up to so many seconds late, in any order")
    chosen = parser.parse_args()
    server = FakeStripeServer(
        port=chosen.port,
        webhook=chosen.webhook,
        secret=chosen.secret,
        state=chosen.state,
        copies=chosen.copies,
        delay_seconds=chosen.delay,
    )
    sys.stdout.write(
        f"Stripe is pretended at {server.url}. Run the shop with\n"
        f"STRIPE_API_BASE={server.url} STRIPE_SECRET_KEY=sk_test_fake STRIPE_WEBHOOK_SECRET={chosen.secret}\n"
    )
    sys.stdout.flush()
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        server.server_close()


main()
