"""`manage.py load_pages`: the example texts that a shop does not have yet."""

from typing import Any

from django.core.management.base import BaseCommand

from shop.page_texts import load_examples


class Command(BaseCommand):
    help = "Adds the example pages (terms, withdrawal, privacy …) that are missing; pages that exist stay as they are."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(f"{load_examples()} pages added.")
