import django.core.validators
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("shop", "0003_selling_settings")]
    operations = [
        migrations.AddField(
            model_name="shopsettings",
            name="guarantee_years",
            field=models.PositiveSmallIntegerField(
                default=2,
                help_text="Less than 2 only where the law allows it for second-hand goods and the terms agree it.",
                validators=[django.core.validators.MinValueValidator(1)],
                verbose_name="legal guarantee in years",
            ),
        ),
        migrations.AddField(
            model_name="shopsettings",
            name="seller_register",
            field=models.CharField(
                blank=True,
                help_text="With the register's name, such as GEMI.",
                max_length=60,
                verbose_name="register number",
            ),
        ),
    ]
