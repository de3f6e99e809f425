import django.db.models.deletion
from django.db import migrations, models

import course.files


class Migration(migrations.Migration):

    dependencies = [
        ('course', '0003_search'),
    ]

    operations = [
        migrations.AddField(
            model_name='course',
            name='reviews',
            field=models.PositiveIntegerField(db_default=0, default=0, editable=False, verbose_name='reviews'),
        ),
        migrations.AddField(
            model_name='course',
            name='rating_total',
            field=models.PositiveIntegerField(db_default=0, default=0, editable=False, verbose_name='sum of ratings'),
        ),
        migrations.AddField(
            model_name='coursesection',
            name='video',
            field=models.FileField(blank=True, db_default='', default='', help_text='An MP4 file on this site, played instead of what the link leads to.', upload_to=course.files.video_name, validators=[course.files.validate_video], verbose_name='video'),
        ),
        migrations.CreateModel(
            name='SectionAttachment',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(blank=True, max_length=120, verbose_name='name')),
                ('file', models.FileField(upload_to=course.files.attachment_name, verbose_name='file')),
                ('kind', models.CharField(editable=False, max_length=8, verbose_name='kind')),
                ('size', models.PositiveBigIntegerField(editable=False, verbose_name='bytes')),
                ('added', models.DateTimeField(auto_now_add=True, verbose_name='added')),
                ('section', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='attachments', to='course.coursesection', verbose_name='section')),
            ],
            options={
                'verbose_name': 'attachment',
                'verbose_name_plural': 'attachments',
                'db_table': 'luffy_section_attachment',
                'ordering': ('id',),
            },
        ),
    ]
