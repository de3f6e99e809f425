"""What buyers send, checked, and what they are shown."""

from decimal import Decimal
from typing import Any

from django.conf import settings
from django.core.validators import RegexValidator
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from luffy.numbers import LARGEST_ID
from luffy.picture_sizes import PictureSetField
from shop import coupons, paying
from shop.cart import HAS_IT, NOT_FOR_SALE
from shop.models import Order, OrderDetail
from shop.placing import LONGEST_SUBJECT, Wish

KEY_PATTERN = r"^[\x21-\x7e]{1,64}\Z"


class CouponField(serializers.CharField):
    """A coupon's code as it was typed; nothing for none. Checked, it is as it is stored."""

    def __init__(self, **options: Any) -> None:
        super().__init__(max_length=coupons.LONGEST_TYPED, **options)

    def to_internal_value(self, data: Any) -> str:
        """The normalised code."""
        return coupons.normalised(super().to_internal_value(data))


class CoursesField(serializers.ListField):
    """The ids of courses, each once."""

    child = serializers.IntegerField(min_value=1, max_value=LARGEST_ID)

    def __init__(self, **options: Any) -> None:
        super().__init__(min_length=1, max_length=settings.CART_SIZE, **options)

    def to_internal_value(self, data: Any) -> Any:
        """The ids; one that comes twice is refused: nobody means to pay twice."""
        ids = super().to_internal_value(data)
        if len(set(ids)) != len(ids):
            raise serializers.ValidationError(_("A course comes twice."))
        return ids


class CartAddition(serializers.Serializer[Any]):
    """A course for the cart."""

    course = serializers.IntegerField(min_value=1, max_value=LARGEST_ID)


class CouponCheck(serializers.Serializer[Any]):
    """A code, and the courses it is to be for: the cart's if none are named."""

    code = CouponField()
    courses = CoursesField(required=False)


class QuoteRequest(serializers.Serializer[Any]):
    """What is to be bought."""

    courses = CoursesField()
    coupon = CouponField(required=False, allow_blank=True, default="")


class OrderRequest(QuoteRequest):
    """An order, with the total that the buyer saw."""

    subject = serializers.CharField(
        max_length=LONGEST_SUBJECT, required=False, allow_blank=True, default=""
    )
    total_amount = serializers.DecimalField(
        max_digits=10, decimal_places=2, min_value=Decimal(0), help_text="What the buyer saw."
    )
    pay_type = serializers.ChoiceField(
        choices=Order.PayType.choices, default=Order.PayType.ALIPAY, help_text="1: Alipay."
    )

    def validate_subject(self, subject: str) -> str:
        """Refuse what shows as something else: line breaks, marks that turn the writing around."""
        if not subject.isprintable():
            raise serializers.ValidationError(_("Use letters, digits and signs that are seen."))
        return subject

    def wish(self, key: str) -> Wish:
        """The checked wish."""
        given = self.validated_data
        return Wish(
            course_ids=frozenset(given["courses"]),
            total=given["total_amount"],
            coupon=given["coupon"],
            subject=given["subject"],
            key=key,
        )


class IdempotencyKey(serializers.Serializer[Any]):
    """The header of this name."""

    key = serializers.CharField(
        trim_whitespace=False,
        validators=[
            RegexValidator(KEY_PATTERN, _("Use 1 to 64 letters, digits and signs without blanks."))
        ],
    )


class SuccessQuery(serializers.Serializer[Any]):
    """`?out_trade_no=`, and whatever else the gateway put behind it."""

    out_trade_no = serializers.CharField(max_length=64)


class CartItemSerializer(serializers.Serializer[Any]):
    """A course in the cart."""

    course = serializers.IntegerField(source="course.pk")
    name = serializers.CharField(source="course.name")
    course_img = serializers.ImageField(source="course.course_img")
    course_img_set = PictureSetField("course_img", source="course")
    price = serializers.DecimalField(source="course.price", max_digits=8, decimal_places=2)
    available = serializers.BooleanField(source="is_available")
    why_not = serializers.ChoiceField(
        choices=["", NOT_FOR_SALE, HAS_IT], help_text="Why it cannot be ordered, if it cannot."
    )


class LineSerializer(serializers.Serializer[Any]):
    """A course with its price and what is to be paid for it."""

    course = serializers.IntegerField(source="course_id")
    name = serializers.CharField()
    price = serializers.DecimalField(max_digits=8, decimal_places=2)
    real_price = serializers.DecimalField(max_digits=8, decimal_places=2)


class QuoteSerializer(serializers.Serializer[Any]):
    """What an order would cost."""

    courses = LineSerializer(source="prices.lines", many=True)
    amount = serializers.DecimalField(source="prices.amount", max_digits=10, decimal_places=2)
    discount = serializers.DecimalField(source="prices.discount", max_digits=10, decimal_places=2)
    total_amount = serializers.DecimalField(source="prices.total", max_digits=10, decimal_places=2)
    coupon = serializers.CharField(source="coupon.code", default=None, allow_null=True)
    coupon_name = serializers.CharField(source="coupon.name", default=None, allow_null=True)


class DetailSerializer(serializers.ModelSerializer[OrderDetail]):
    """A course of an order, as it was sold."""

    course_img = serializers.ImageField(source="course.course_img")
    course_img_set = PictureSetField("course_img", source="course")
    refunded = serializers.SerializerMethodField()

    class Meta:
        model = OrderDetail
        fields = (
            "course",
            "name",
            "course_img",
            "course_img_set",
            "price",
            "real_price",
            "refunded",
        )

    def get_refunded(self, detail: OrderDetail) -> bool:
        """Whether it was given back."""
        return detail.refund is not None and detail.refund.state == detail.refund.State.DONE


class OrderSerializer(serializers.ModelSerializer[Order]):
    """An order, for its buyer."""

    order_status_name = serializers.CharField(source="get_order_status_display")
    coupon = serializers.CharField(source="coupon.code", default=None, allow_null=True)
    can_pay = serializers.SerializerMethodField()
    details = DetailSerializer(many=True)

    class Meta:
        model = Order
        fields = (
            "out_trade_no",
            "subject",
            "amount",
            "discount",
            "total_amount",
            "refunded_amount",
            "coupon",
            "order_status",
            "order_status_name",
            "pay_type",
            "created",
            "expires",
            "pay_time",
            "can_pay",
            "details",
        )

    def get_can_pay(self, order: Order) -> bool:
        """Whether it waits to be paid."""
        return paying.can_be_paid(order)
