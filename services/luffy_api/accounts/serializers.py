"""What people send, checked."""

from typing import Any

from django.contrib.auth import password_validation
from django.core.exceptions import ValidationError as DjangoValidationError
from django.core.validators import RegexValidator
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from accounts.codes import DIGITS, Purpose
from accounts.models import MOBILE_PATTERN, User

# Longer ones would cost their hashing and add nothing.
PASSWORD_MAX_LENGTH = 128


class MobileField(serializers.CharField):
    """A phone number of eleven digits."""

    def __init__(self, **options: Any) -> None:
        super().__init__(max_length=11, **options)
        message = _("Enter a phone number of eleven digits.")
        self.validators.append(RegexValidator(MOBILE_PATTERN, message))


class CodeField(serializers.CharField):
    """A code of six digits."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        pattern = rf"^[0-9]{{{DIGITS}}}\Z"
        self.validators.append(RegexValidator(pattern, _("Enter the code of six digits.")))


class PasswordField(serializers.CharField):
    """A password as it was typed, blanks and all."""

    def __init__(self, **options: Any) -> None:
        super().__init__(max_length=PASSWORD_MAX_LENGTH, trim_whitespace=False, **options)


class MobileQuery(serializers.Serializer[Any]):
    """`?mobile=`."""

    mobile = MobileField()


class SendMessage(serializers.Serializer[Any]):
    """Where a code goes, and what it is for."""

    phone = MobileField()
    purpose = serializers.ChoiceField(
        choices=[purpose.value for purpose in Purpose], default=Purpose.LOGIN.value
    )


class PasswordLogin(serializers.Serializer[Any]):
    """A name, phone or e-mail address, and a password."""

    username = serializers.CharField(max_length=254)
    password = PasswordField()


class CodeLogin(serializers.Serializer[Any]):
    """A phone and the code that was sent to it."""

    mobile = MobileField()
    code = CodeField()


class NewPassword(CodeLogin):
    """The same with the password to have from now on: registering, and resetting."""

    password = PasswordField()

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Refuse a weak password before the code is used up."""
        check_strength("password", attrs["password"], User(mobile=attrs["mobile"]))
        return attrs


class PasswordChange(serializers.Serializer[Any]):
    """The password until now and from now on. `context["user"]` is whose."""

    old_password = PasswordField()
    password = PasswordField()

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Refuse a weak password."""
        check_strength("password", attrs["password"], self.context["user"])
        return attrs


class AccountDeletion(serializers.Serializer[Any]):
    """What proves that it is the owner: the password, or a code for this purpose."""

    password = PasswordField(required=False)
    code = CodeField(required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Exactly one of the two."""
        if len(attrs) != 1:
            raise serializers.ValidationError(_("Send either the password or a code."))
        return attrs


class ProfileSerializer(serializers.ModelSerializer[User]):
    """One's own profile; the name shown and the e-mail address may be changed."""

    name = serializers.CharField(source="display_name", max_length=30, required=False)
    icon = serializers.CharField(source="icon_url", read_only=True)

    class Meta:
        model = User
        fields = ("username", "name", "mobile", "email", "icon")
        read_only_fields = ("username", "mobile")

    def validate_name(self, name: str) -> str:
        """Refuse what shows as something else: line breaks, marks that turn the writing around."""
        if not name.isprintable():
            raise serializers.ValidationError(_("Use letters, digits and signs that are seen."))
        return name

    def validate_email(self, email: str) -> str:
        """One spelling for an address; case tells no two apart."""
        return email.lower()


def check_strength(field: str, password: str, user: User) -> None:
    """Refuse a weak password, naming `field`.

    Raises:
        ValidationError: with what is wrong with it.
    """
    try:
        password_validation.validate_password(password, user)
    except DjangoValidationError as error:
        raise serializers.ValidationError({field: error.messages}) from error
