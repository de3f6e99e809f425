from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('course', '0006_by_date'),
    ]

    operations = [
        migrations.AddField(
            model_name='course',
            name='short_url',
            field=models.CharField(db_default='', default='', editable=False, max_length=255, verbose_name='short link'),
        ),
        migrations.AddField(
            model_name='course',
            name='short_url_of',
            field=models.CharField(db_default='', default='', editable=False, max_length=255),
        ),
    ]
