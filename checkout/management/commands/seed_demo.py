"""manage.py seed_demo: the first listing and the demo collection, or many generated copies for size."""

import os
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser

from catalog import seeding
from catalog.seeding.files import read_lines
from checkout import currency, demo_sales, tariff
from shop import page_texts
from shop.models import ShopSettings, User

STAFF_EMAIL = "staff@example.com"


class Command(BaseCommand):
    help = "Load the first listing and the demo collection; running it again changes nothing."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--listings", type=int, default=0, metavar="N", help="generate N further pieces")
        parser.add_argument("--seed", type=int, default=1, metavar="S", help="what the generated pieces are")

    def handle(self, *args: Any, **options: Any) -> None:
        seeding.load_vocabularies()
        if options["listings"]:
            number = seeding.generate_listings(options["listings"], seed=options["seed"])
            self.stdout.write(f"{number} generated pieces are on offer.")
            return
        currency.load_bundled_history()
        tariff.load_example()
        page_texts.load_examples()
        seeding.load_first_listing()
        added = seeding.load_demo_collection()
        self.stdout.write(f"{added} demo pieces added.")
        # Without the demo gateway nobody can pay, and nothing of this belongs into a real shop.
        if settings.DEMO:
            _fill_in_seller()
            sold = demo_sales.sell(_sold_skus(), by=_staff())
            self.stdout.write(f"{len(sold)} demo orders placed.")


def _sold_skus() -> list[str]:
    pieces = read_lines("demo_collection.jsonl")
    return [row["sku"] for piece in pieces for row in piece["listings"] if row.get("is_sold")]


def _fill_in_seller() -> None:
    """An invented address, and an account to show transfers with: the example number of the Greek banks' documents."""
    shop = ShopSettings.current()
    if not shop.bank_iban:
        shop.bank_iban, shop.bank_bic = "GR1601101250000000012300695", "ETHNGRAA"
    if not shop.seller_address:
        shop.seller_address, shop.seller_phone = "Example Street 1\n105 00 Athens", "+30 210 000 0000"
    shop.save()


def _staff() -> User:
    """The demo's member of staff; without DEMO_STAFF_PASSWORD nobody can sign in as them."""
    staff = User.objects.filter(email=STAFF_EMAIL).first()
    password = os.environ.get("DEMO_STAFF_PASSWORD") or None
    return staff or User.objects.create_superuser(email=STAFF_EMAIL, password=password)
