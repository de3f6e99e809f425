import django.db.models.deletion
from django.db import migrations, models

import luffy.html
from course.words import index_words


def index_what_is_there(apps, schema_editor):
    course = apps.get_model("course", "Course")
    search = apps.get_model("course", "CourseSearch")
    rows = course.objects.select_related("teacher", "course_category")
    search.objects.bulk_create(
        (
            search(
                course=row,
                name_words=" ".join(index_words(row.name)),
                other_words=" ".join(
                    index_words("\n".join((row.brief, row.teacher.name, row.course_category.name)))
                ),
            )
            for row in rows.iterator(500)
        ),
        batch_size=500,
    )


class Migration(migrations.Migration):

    dependencies = [
        ('course', '0002_pub_date'),
    ]

    operations = [
        migrations.AddField(
            model_name='course',
            name='details',
            field=luffy.html.HtmlField(blank=True, default='', help_text='HTML, on the course\'s own page. What could do harm in it is taken out.', verbose_name='details'),
            preserve_default=False,
        ),
        migrations.CreateModel(
            name='CourseSearch',
            fields=[
                ('course', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='search', serialize=False, to='course.course')),
                ('name_words', models.TextField()),
                ('other_words', models.TextField()),
            ],
            options={
                'db_table': 'luffy_course_search',
            },
        ),
        migrations.CreateModel(
            name='HotWord',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('created_time', models.DateTimeField(auto_now_add=True, verbose_name='created')),
                ('updated_time', models.DateTimeField(auto_now=True, verbose_name='updated')),
                ('is_delete', models.BooleanField(default=False, help_text='Out of sight for good; the row is kept.', verbose_name='deleted')),
                ('is_show', models.BooleanField(default=True, verbose_name='shown')),
                ('orders', models.IntegerField(default=0, help_text='Small numbers come first.', verbose_name='place')),
                ('word', models.CharField(max_length=32, unique=True, verbose_name='word')),
            ],
            options={
                'verbose_name': 'hot word',
                'verbose_name_plural': 'hot words',
                'db_table': 'luffy_hot_word',
                'ordering': ('orders', 'id'),
                'abstract': False,
            },
        ),
        migrations.RunPython(index_what_is_there, migrations.RunPython.noop),
        # InnoDB makes one full-text index at a time.
        migrations.RunSQL(
            'ALTER TABLE luffy_course_search ADD FULLTEXT INDEX luffy_course_search_name (name_words)',
            'ALTER TABLE luffy_course_search DROP INDEX luffy_course_search_name',
        ),
        migrations.RunSQL(
            'ALTER TABLE luffy_course_search ADD FULLTEXT INDEX luffy_course_search_all (name_words, other_words)',
            'ALTER TABLE luffy_course_search DROP INDEX luffy_course_search_all',
        ),
    ]
