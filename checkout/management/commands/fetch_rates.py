"""Bring the exchange rates up to date."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from checkout import currency
from checkout.gateways.ecb import FeedError


class Command(BaseCommand):
    help = "Fetches the European Central Bank's rates of the day, or loads past ones."

    def add_arguments(self, parser: CommandParser) -> None:
        source = parser.add_mutually_exclusive_group()
        source.add_argument("--bundled", action="store_true", help="load the history shipped with the shop; no network")
        source.add_argument("--history", type=Path, metavar="FILE", help="load the ECB's eurofxref-hist.zip or .csv")

    def handle(self, *, bundled: bool, history: Path | None, **options: Any) -> None:
        try:
            if bundled:
                outcome = f"{currency.load_bundled_history()} rate sets added"
            elif history is not None:
                outcome = f"{currency.load_history(history.read_bytes())} rate sets added"
            else:
                outcome = currency.fetch_daily().value
        except (FeedError, OSError) as error:
            raise CommandError(f"{error}. The rates in use stay as they are.") from error
        current = currency.current_rate_set()
        self.stdout.write(f"{outcome}; rates in use: {current.date if current else 'none'}")
