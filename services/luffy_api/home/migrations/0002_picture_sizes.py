from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('home', '0001_initial'),
    ]

    operations = [
        migrations.AddField(
            model_name='banner',
            name='image_sizes',
            field=models.CharField(blank=True, db_default='', default='', editable=False, max_length=160),
        ),
    ]
