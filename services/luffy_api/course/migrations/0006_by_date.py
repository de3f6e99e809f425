from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('course', '0005_picture_sizes'),
    ]

    operations = [
        migrations.AddIndex(
            model_name='course',
            index=models.Index(fields=['pub_date', 'id'], name='luffy_course_by_date'),
        ),
    ]
