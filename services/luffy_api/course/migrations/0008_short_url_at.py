from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('course', '0007_short_url'),
    ]

    operations = [
        migrations.AddField(
            model_name='course',
            name='short_url_at',
            field=models.DateTimeField(editable=False, null=True),
        ),
    ]
