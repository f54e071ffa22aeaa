"""`manage.py reconcile_payments`: what the periodic task does, by hand."""

from typing import Any

from django.core.management.base import BaseCommand

from checkout import settlement


class Command(BaseCommand):
    help = "Ask the providers about every open payment, end overdue orders and pay out decided refunds."

    def handle(self, *args: Any, **options: Any) -> None:
        counts = settlement.reconcile()
        self.stdout.write(", ".join(f"{name}: {count}" for name, count in counts.items()))
