from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('course', '0004_files_and_ratings'),
    ]

    operations = [
        migrations.AddField(
            model_name='course',
            name='course_img_sizes',
            field=models.CharField(blank=True, db_default='', default='', editable=False, max_length=160),
        ),
        migrations.AddField(
            model_name='teacher',
            name='image_sizes',
            field=models.CharField(blank=True, db_default='', default='', editable=False, max_length=160),
        ),
    ]
