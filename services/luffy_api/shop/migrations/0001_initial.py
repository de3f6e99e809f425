"""Carts, coupons, orders, payments and refunds."""

import django.core.validators
import django.db.models.deletion
from decimal import Decimal
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('course', '0003_search'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Coupon',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('code', models.CharField(help_text='Buyers may type it in small letters and with blanks.', max_length=32, unique=True, validators=[django.core.validators.RegexValidator('^[0-9A-Z][0-9A-Z-]{3,31}\\Z', 'Use 4 to 32 capital letters, digits and hyphens, no hyphen first.')], verbose_name='code')),
                ('name', models.CharField(help_text='Shown to buyers.', max_length=64, verbose_name='name')),
                ('kind', models.CharField(choices=[('percent', 'Percent'), ('amount', 'Amount')], default='percent', max_length=8, verbose_name='kind')),
                ('value', models.DecimalField(decimal_places=2, help_text='How many percent, or which amount, it takes off.', max_digits=8, validators=[django.core.validators.MinValueValidator(Decimal('0.01'))], verbose_name='value')),
                ('minimum', models.DecimalField(decimal_places=2, default=0, help_text='What all courses of the order must cost together, before the discount.', max_digits=8, validators=[django.core.validators.MinValueValidator(0)], verbose_name='minimum order')),
                ('valid_from', models.DateTimeField(blank=True, null=True, verbose_name='valid from')),
                ('valid_to', models.DateTimeField(blank=True, null=True, verbose_name='valid to')),
                ('most_uses', models.PositiveIntegerField(blank=True, help_text='No limit if empty.', null=True, verbose_name='uses in total')),
                ('most_per_person', models.PositiveIntegerField(blank=True, default=1, help_text='No limit if empty.', null=True, verbose_name='uses per person')),
                ('active', models.BooleanField(default=True, verbose_name='active')),
                ('created_time', models.DateTimeField(auto_now_add=True, verbose_name='created')),
                ('courses', models.ManyToManyField(blank=True, db_table='luffy_coupon_course', help_text='It takes something off these alone; off all if none is chosen.', related_name='coupons', to='course.course', verbose_name='courses')),
            ],
            options={
                'verbose_name': 'coupon',
                'verbose_name_plural': 'coupons',
                'db_table': 'luffy_coupon',
                'ordering': ('-id',),
            },
        ),
        migrations.CreateModel(
            name='Order',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('out_trade_no', models.CharField(max_length=32, unique=True, verbose_name='order number')),
                ('subject', models.CharField(blank=True, max_length=128, verbose_name='subject')),
                ('amount', models.DecimalField(decimal_places=2, max_digits=10, verbose_name='before the discount')),
                ('discount', models.DecimalField(decimal_places=2, default=0, max_digits=10, verbose_name='discount')),
                ('total_amount', models.DecimalField(decimal_places=2, max_digits=10, verbose_name='total')),
                ('refunded_amount', models.DecimalField(decimal_places=2, default=0, max_digits=10, verbose_name='refunded')),
                ('order_status', models.SmallIntegerField(choices=[(0, 'Unpaid'), (1, 'Paid'), (2, 'Cancelled'), (3, 'Timed out'), (4, 'Being refunded'), (5, 'Refunded')], default=0, verbose_name='state')),
                ('pay_type', models.SmallIntegerField(choices=[(1, 'Alipay')], default=1, verbose_name='paid by')),
                ('trade_no', models.CharField(blank=True, max_length=64, verbose_name="the gateway's number")),
                ('created', models.DateTimeField(auto_now_add=True, verbose_name='placed')),
                ('expires', models.DateTimeField(verbose_name='to be paid until')),
                ('pay_time', models.DateTimeField(blank=True, null=True, verbose_name='paid on')),
                ('closed', models.DateTimeField(blank=True, null=True, verbose_name='closed on')),
                ('next_ask', models.DateTimeField(blank=True, help_text='Empty when the gateway has nothing more to tell.', null=True, verbose_name='next question to the gateway')),
                ('asks', models.PositiveIntegerField(default=0, verbose_name='questions to the gateway')),
                ('coupon', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='orders', to='shop.coupon', verbose_name='coupon')),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='orders', to=settings.AUTH_USER_MODEL, verbose_name='buyer')),
            ],
            options={
                'verbose_name': 'order',
                'verbose_name_plural': 'orders',
                'db_table': 'luffy_order',
                'ordering': ('-id',),
                'permissions': (('refund_order', 'Can refund orders'),),
            },
        ),
        migrations.CreateModel(
            name='CouponUse',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('reserved', models.DateTimeField(auto_now_add=True, verbose_name='reserved')),
                ('freed', models.DateTimeField(blank=True, null=True, verbose_name='freed')),
                ('coupon', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='uses', to='shop.coupon', verbose_name='coupon')),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='coupon_uses', to=settings.AUTH_USER_MODEL, verbose_name='user')),
                ('order', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='coupon_use', to='shop.order', verbose_name='order')),
            ],
            options={
                'verbose_name': 'use of a coupon',
                'verbose_name_plural': 'uses of coupons',
                'db_table': 'luffy_coupon_use',
            },
        ),
        migrations.CreateModel(
            name='OrderKey',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('key', models.CharField(db_collation='utf8mb4_bin', max_length=64)),
                ('digest', models.CharField(max_length=64)),
                ('created', models.DateTimeField(auto_now_add=True, db_index=True)),
                ('order', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='keys', to='shop.order')),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'db_table': 'luffy_order_key',
            },
        ),
        migrations.CreateModel(
            name='Payment',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('trade_no', models.CharField(max_length=64, unique=True, verbose_name="the gateway's number")),
                ('amount', models.DecimalField(decimal_places=2, max_digits=10, verbose_name='amount')),
                ('source', models.CharField(choices=[('notified', 'The gateway told'), ('asked', 'The gateway was asked')], max_length=8, verbose_name='known because')),
                ('late', models.BooleanField(default=False, help_text='It came when the order was closed already.', verbose_name='late')),
                ('created', models.DateTimeField(auto_now_add=True, verbose_name='recorded')),
                ('order', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='payment', to='shop.order', verbose_name='order')),
            ],
            options={
                'verbose_name': 'payment',
                'verbose_name_plural': 'payments',
                'db_table': 'luffy_payment',
                'ordering': ('-id',),
            },
        ),
        migrations.CreateModel(
            name='Refund',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('out_request_no', models.CharField(max_length=64, unique=True, verbose_name='refund number')),
                ('amount', models.DecimalField(decimal_places=2, max_digits=10, verbose_name='amount')),
                ('reason', models.CharField(max_length=200, verbose_name='reason')),
                ('by_name', models.CharField(blank=True, help_text='Empty if the shop itself gave money back that it could give nothing for.', max_length=150, verbose_name='asked for by (name)')),
                ('state', models.CharField(choices=[('asked', 'Asked for'), ('done', 'Done'), ('failed', 'Failed')], default='asked', max_length=8, verbose_name='state')),
                ('failure', models.CharField(blank=True, max_length=80, verbose_name="the gateway's last refusal")),
                ('created', models.DateTimeField(auto_now_add=True, verbose_name='asked for on')),
                ('ended', models.DateTimeField(blank=True, null=True, verbose_name='ended on')),
                ('next_try', models.DateTimeField(blank=True, db_index=True, null=True, verbose_name='next try')),
                ('tries', models.PositiveIntegerField(default=0, verbose_name='tries')),
                ('by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='asked for by')),
                ('order', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='refunds', to='shop.order', verbose_name='order')),
            ],
            options={
                'verbose_name': 'refund',
                'verbose_name_plural': 'refunds',
                'db_table': 'luffy_refund',
                'ordering': ('-id',),
            },
        ),
        migrations.CreateModel(
            name='OrderDetail',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=128, verbose_name='name')),
                ('price', models.DecimalField(decimal_places=2, max_digits=10, verbose_name='price')),
                ('real_price', models.DecimalField(decimal_places=2, max_digits=10, verbose_name='price with the discount')),
                ('enrolled', models.BooleanField(default=False, help_text='Whether this order is why the buyer has it.', verbose_name='given')),
                ('course', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='order_details', to='course.course', verbose_name='course')),
                ('order', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='details', to='shop.order', verbose_name='order')),
                ('refund', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='details', to='shop.refund', verbose_name='refund')),
            ],
            options={
                'verbose_name': 'course of an order',
                'verbose_name_plural': 'courses of an order',
                'db_table': 'luffy_order_detail',
                'ordering': ('id',),
            },
        ),
        migrations.CreateModel(
            name='CartItem',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('added', models.DateTimeField(auto_now_add=True, verbose_name='added')),
                ('course', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='cart_items', to='course.course', verbose_name='course')),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='cart_items', to=settings.AUTH_USER_MODEL, verbose_name='user')),
            ],
            options={
                'verbose_name': 'course in a cart',
                'verbose_name_plural': 'courses in carts',
                'db_table': 'luffy_cart_item',
                'ordering': ('-added', '-id'),
                'constraints': [models.UniqueConstraint(fields=('user', 'course'), name='luffy_once_in_a_cart')],
            },
        ),
        migrations.AddIndex(
            model_name='order',
            index=models.Index(fields=['user', 'order_status', 'id'], name='luffy_order_mine'),
        ),
        migrations.AddIndex(
            model_name='order',
            index=models.Index(fields=['user', 'created'], name='luffy_order_of_late'),
        ),
        migrations.AddIndex(
            model_name='order',
            index=models.Index(fields=['order_status', 'expires'], name='luffy_order_expiry'),
        ),
        migrations.AddIndex(
            model_name='order',
            index=models.Index(fields=['next_ask'], name='luffy_order_to_ask'),
        ),
        migrations.AddIndex(
            model_name='order',
            index=models.Index(fields=['pay_time'], name='luffy_order_by_day'),
        ),
        migrations.AddIndex(
            model_name='couponuse',
            index=models.Index(fields=['coupon', 'freed', 'user'], name='luffy_coupon_use_count'),
        ),
        migrations.AddConstraint(
            model_name='orderkey',
            constraint=models.UniqueConstraint(fields=('user', 'key'), name='luffy_one_order_key'),
        ),
        migrations.AddConstraint(
            model_name='orderdetail',
            constraint=models.UniqueConstraint(fields=('order', 'course'), name='luffy_once_in_an_order'),
        ),
    ]
