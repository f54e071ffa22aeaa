from django.db import migrations

from checkout.models.sql_currency import APPEND_ONLY, CHANGEABLE_AGAIN


class Migration(migrations.Migration):
    dependencies = [("checkout", "0001_initial")]
    operations = [migrations.RunSQL(APPEND_ONLY, CHANGEABLE_AGAIN)]
