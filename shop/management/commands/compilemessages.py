"""Django's `compilemessages` without GNU gettext, which a newcomer's machine does not have."""

from pathlib import Path
from typing import Any

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from django.conf import settings
from django.core.management.base import BaseCommand


class Command(BaseCommand):
    help = "Compiles the translations that changed (locale/*/LC_MESSAGES/*.po) without needing msgfmt."
    requires_system_checks: list[str] = []  # noqa: RUF012  (Django's own annotation)

    def handle(self, *args: Any, **options: Any) -> None:
        for folder in settings.LOCALE_PATHS:
            for source in sorted(Path(folder).glob("*/LC_MESSAGES/*.po")):
                target = source.with_suffix(".mo")
                if target.exists() and target.stat().st_mtime >= source.stat().st_mtime:
                    continue
                compile_catalog(source, target)
                if options["verbosity"]:
                    self.stdout.write(f"compiled {source}")


def compile_catalog(source: Path, target: Path) -> None:
    """Write the .mo for a .po; fuzzy entries stay out, as with msgfmt."""
    with source.open("rb") as text:
        catalog = read_po(text, locale=source.parent.parent.name)
    # Another process may be reading the old file.
    unfinished = target.with_suffix(".mo.new")
    with unfinished.open("wb") as binary:
        write_mo(binary, catalog, use_fuzzy=False)
    unfinished.replace(target)
