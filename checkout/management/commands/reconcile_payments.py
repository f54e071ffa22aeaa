"""`manage.py reconcile_payments`: what the periodic tasks do, by hand."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from checkout import reconciliation
from checkout.gateways.base import GatewayUnreachable


class Command(BaseCommand):
    help = (
        "Ask the providers about every open payment and every event that was not delivered, end overdue orders "
        "and pay out decided refunds."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--balances",
            action="store_true",
            help="also compare captures and refunds with the provider's balance; exit 1 when they differ",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        counts = reconciliation.reconcile()
        self.stdout.write(", ".join(f"{name}: {count}" for name, count in counts.items()))
        if options["balances"]:
            self._compare()

    def _compare(self) -> None:
        try:
            fresh = reconciliation.compare_balances()
        except GatewayUnreachable as error:
            raise CommandError(f"the provider did not answer: {error}") from error
        for row in fresh:
            self.stderr.write(f"{row.problem} {row.reference}: {row.text}")
        if fresh:
            raise CommandError(f"{len(fresh)} differences that were not known")
