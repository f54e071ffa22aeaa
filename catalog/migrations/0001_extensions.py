from django.contrib.postgres.operations import BtreeGistExtension, TrigramExtension, UnaccentExtension
from django.db import migrations


class Migration(migrations.Migration):
    """All three are trusted extensions: the owner of the database may create them."""

    initial = True
    dependencies = []
    operations = [TrigramExtension(), BtreeGistExtension(), UnaccentExtension()]
