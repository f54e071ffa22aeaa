from importlib import import_module

from django.db import migrations

# The groups again, with the tables that have come since.
create_groups = import_module("checkout.migrations.0004_staff_groups").create_groups


class Migration(migrations.Migration):
    dependencies = [("checkout", "0010_watch")]
    operations = [migrations.RunPython(create_groups, migrations.RunPython.noop, elidable=False)]
