from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('observability', '0003_what_went_over_the_socket'),
    ]

    operations = [
        migrations.AddField(
            model_name='tracesession',
            name='live_under_way_seq',
            field=models.PositiveIntegerField(db_default=0, default=0),
        ),
    ]
