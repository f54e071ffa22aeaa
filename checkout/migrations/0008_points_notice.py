import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models

# Who bought already gets mail about points in the language of the last order.
LANGUAGES = """
UPDATE checkout_pointsaccount a SET language = o.language
  FROM (SELECT DISTINCT ON (lower(email)) lower(email) AS email, language
          FROM checkout_order WHERE state <> 'draft' ORDER BY lower(email), id DESC) o
 WHERE o.email = lower(a.email);
"""


class Migration(migrations.Migration):
    dependencies = [("checkout", "0007_staff_groups")]
    operations = [
        migrations.AddField(
            model_name="pointsaccount",
            name="language",
            field=models.CharField(default="en", max_length=5, verbose_name="language"),
        ),
        migrations.RunSQL(LANGUAGES, migrations.RunSQL.noop),
        migrations.CreateModel(
            name="PointsNotice",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("expires_on", models.DateField(verbose_name="expires")),
                ("sent_at", models.DateTimeField(default=django.utils.timezone.now, verbose_name="sent")),
                (
                    "account",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="notices",
                        to="checkout.pointsaccount",
                    ),
                ),
            ],
            options={
                "verbose_name": "notice of expiring points",
                "verbose_name_plural": "notices of expiring points",
                "constraints": [models.UniqueConstraint(fields=("account", "expires_on"), name="points_notice_once")],
            },
        ),
    ]
