from importlib import import_module

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


# The groups again, with the table that has come since.
create_groups = import_module("checkout.migrations.0004_staff_groups").create_groups


class Migration(migrations.Migration):
    dependencies = [
        ("checkout", "0008_points_notice"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="BalanceDifference",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("gateway", models.CharField(max_length=20, verbose_name="gateway")),
                ("reference", models.CharField(max_length=120, verbose_name="provider's reference")),
                ("problem", models.CharField(max_length=40, verbose_name="what differs")),
                ("text", models.CharField(blank=True, max_length=300, verbose_name="details")),
                ("found_at", models.DateTimeField(default=django.utils.timezone.now, verbose_name="found")),
                ("settled_at", models.DateTimeField(blank=True, null=True, verbose_name="settled")),
                ("note", models.CharField(blank=True, max_length=300, verbose_name="note")),
                (
                    "settled_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="settled by",
                    ),
                ),
            ],
            options={
                "verbose_name": "balance difference",
                "verbose_name_plural": "balance differences",
                "ordering": ["-id"],
                "constraints": [
                    models.UniqueConstraint(fields=("gateway", "reference", "problem"), name="balance_difference_once")
                ],
            },
        ),
        migrations.RunPython(create_groups, migrations.RunPython.noop, elidable=False),
    ]
