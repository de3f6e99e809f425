from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
    ]

    operations = [
        migrations.CreateModel(
            name='Figures',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
            ],
            options={
                'verbose_name': 'figures',
                'verbose_name_plural': 'figures',
                'permissions': (('view_figures', 'Can see the figures'),),
                'managed': False,
                'default_permissions': (),
            },
        ),
    ]
