"""Pages that libraries bring along, and that nobody is to open: they hold what lets people in."""

from django.contrib import admin
from django_otp.plugins.otp_static.models import StaticDevice
from django_otp.plugins.otp_totp.models import TOTPDevice
from rest_framework_simplejwt.token_blacklist.models import BlacklistedToken, OutstandingToken

for model in (TOTPDevice, StaticDevice, OutstandingToken, BlacklistedToken):
    admin.site.unregister(model)
