"""Make a key for the API and print it, once."""

from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone

from shop.models import ApiKey, Scope


class Command(BaseCommand):
    help = "Make a key for the API and print it. It cannot be printed again: only its hash is kept."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", help="who or what will use it")
        parser.add_argument(
            "--scope", action="append", choices=Scope.values, default=[], help="what it may do; give several times"
        )
        parser.add_argument("--days", type=int, help="valid for so many days; for good when left out")

    def handle(self, *args: Any, **options: Any) -> None:
        expires_at = timezone.now() + timedelta(days=options["days"]) if options["days"] else None
        _key, secret = ApiKey.issue(name=options["name"], scopes=options["scope"], expires_at=expires_at)
        self.stdout.write(secret)
