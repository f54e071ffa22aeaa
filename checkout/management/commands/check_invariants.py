"""`manage.py check_invariants`: proves every rule of selling on the data as it is."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from checkout import invariants


class Command(BaseCommand):
    help = "Check every invariant of selling; exit 1 and print the rows when one is broken."

    def handle(self, *args: Any, **options: Any) -> None:
        broken = invariants.find_broken()
        for found in broken:
            self.stderr.write(f"{found.invariant.number}: not true that {found.invariant.rule}")
            for row in found.rows:
                self.stderr.write(f"    {row}")
        if broken:
            raise CommandError(f"{len(broken)} of {len(invariants.INVARIANTS) + 1} invariants are broken")
        self.stdout.write(f"{len(invariants.INVARIANTS) + 1} invariants hold")
