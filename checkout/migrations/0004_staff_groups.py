from django.apps import apps as installed_apps
from django.contrib.auth.management import create_permissions
from django.db import migrations

from shop import staff


def create_groups(apps, schema_editor):
    # Django writes permissions only after all migrations; the groups need them now.
    for label in ("auth", "catalog", "checkout", "shop"):
        create_permissions(installed_apps.get_app_config(label), verbosity=0, using=schema_editor.connection.alias)
    staff.create_groups()


class Migration(migrations.Migration):
    dependencies = [
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
        ("catalog", "0003_triggers"),
        ("checkout", "0003_selling_rules"),
        ("shop", "0001_initial"),
    ]
    operations = [migrations.RunPython(create_groups, migrations.RunPython.noop, elidable=False)]
