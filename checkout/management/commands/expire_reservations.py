"""`manage.py expire_reservations`: what the periodic task does, by hand."""

from typing import Any

from django.core.management.base import BaseCommand

from checkout import inventory


class Command(BaseCommand):
    help = "Put pieces whose reservation has lapsed back on offer."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(f"{inventory.tidy()} pieces are on offer again")
