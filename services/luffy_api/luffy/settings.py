"""Django's settings. What differs between deployments comes from `environment` alone."""

from datetime import timedelta
from pathlib import Path
from typing import Any

from django.utils.translation import gettext_lazy as _
from django_guid.integrations.celery import CeleryIntegration

from luffy import environment
from luffy.logs import logging_config

ENVIRONMENT = environment.load()
BASE_DIR = Path(__file__).resolve().parent.parent

DEBUG = False
SECRET_KEY = ENVIRONMENT.secret_key
# While the key is changed, the one of before or the next one: what it signed is good, too.
SECRET_KEY_FALLBACKS = [ENVIRONMENT.old_secret_key] if ENVIRONMENT.old_secret_key else []
ALLOWED_HOSTS = ENVIRONMENT.allowed_hosts
ROOT_URLCONF = "luffy.urls"
WSGI_APPLICATION = "luffy.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
AUTH_USER_MODEL = "accounts.User"

INSTALLED_APPS = [
    # The theme's templates stand in for those of Django's administration.
    "unfold.apps.BasicAppConfig",
    "office.apps.OfficeAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.sitemaps",
    "django.contrib.staticfiles",
    "rest_framework",
    "rest_framework_simplejwt.token_blacklist",
    "django_filters",
    "django_guid",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "auditlog",
    "django_otp",
    "django_otp.plugins.otp_totp",
    "django_otp.plugins.otp_static",
    "accounts",
    "home",
    "course",
    "learning",
    "shop",
    "sample",
    # The last one: it looks at the administration's pages of all others.
    "office",
]

MIDDLEWARE = [
    "luffy.request_id.well_formed_request_id",
    "django_guid.middleware.guid_middleware",
    "luffy.access_log.access_log",
    # Before everything that looks at the Host header: a health check comes under any name.
    "luffy.health.health_answers",
    "django.middleware.security.SecurityMiddleware",
    "office.middleware.content_security",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django_otp.middleware.OTPMiddleware",
    "office.middleware.audit_trail",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

# --- data -----------------------------------------------------------------------------------------

DATABASES: dict[str, dict[str, Any]] = {
    "default": {
        "ENGINE": "django.db.backends.mysql",
        "HOST": ENVIRONMENT.db_host,
        "PORT": ENVIRONMENT.db_port,
        "NAME": ENVIRONMENT.db_name,
        "USER": ENVIRONMENT.db_user,
        "PASSWORD": ENVIRONMENT.db_password,
        # A connection lives as long as its thread is busy often enough, and is tried before use.
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {
            "charset": "utf8mb4",
            "isolation_level": "read committed",
            "init_command": "SET sql_mode='STRICT_TRANS_TABLES,NO_ENGINE_SUBSTITUTION'",
            "connect_timeout": 3,
            "read_timeout": ENVIRONMENT.db_read_timeout_s,
            "write_timeout": ENVIRONMENT.db_read_timeout_s,
        },
        "TEST": {"CHARSET": "utf8mb4"},
    }
}

# The Redis user of this service may touch nothing but keys that begin with this.
REDIS_KEY_PREFIX = "luffy"
# A list is built anew after this long even if an invalidation was lost.
CACHE_LIFETIME_S = 300

# --- background work ------------------------------------------------------------------------------

CELERY_BROKER_URL = ENVIRONMENT.redis_url
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None  # wait for Redis as long as it takes
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "global_keyprefix": f"{REDIS_KEY_PREFIX}:",
    "socket_connect_timeout": 3,
    "socket_keepalive": True,
}
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_DEFAULT_QUEUE = "default"
CELERY_TASK_TIME_LIMIT = 60
# Nothing listens to events or sends remote commands, and each costs memory and Redis traffic.
CELERY_WORKER_SEND_TASK_EVENTS = False
CELERY_WORKER_ENABLE_REMOTE_CONTROL = False
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TIMEZONE = ENVIRONMENT.time_zone
CELERY_BEAT_SCHEDULER = "luffy.heartbeat:HeartbeatScheduler"
CELERY_BEAT_MAX_LOOP_INTERVAL = 10  # seconds; a heartbeat is due at least this often
CELERY_BEAT_SCHEDULE = {
    # Shorter than the cache's lifetime, so that a visitor never waits for the front page.
    "refresh the banners": {"task": "home.refresh_banners", "schedule": CACHE_LIFETIME_S / 2},
    # Often, because a restart of beat begins to count anew.
    "forget expired tokens": {"task": "accounts.forget_expired_tokens", "schedule": 3600},
    **{
        # One that the worker did not come to is no loss: the next does all that is due.
        name: {"task": task, "schedule": 60, "options": {"expires": 60}}
        for name, task in (
            ("expire orders", "shop.expire_orders"),
            ("ask about payments", "shop.reconcile"),
            ("finish refunds", "shop.finish_refunds"),
        )
    },
    # Soon after a course appears; it asks the table alone where there is nothing to do.
    "make short links": {
        "task": "course.make_short_links",
        "schedule": 20,
        "options": {"expires": 20},
    },
    "forget expired sessions": {"task": "office.forget_expired_sessions", "schedule": 3600},
    "prune the audit trail": {"task": "office.prune_audit", "schedule": 3600},
}

# --- accounts -------------------------------------------------------------------------------------

PASSWORD_HASHERS = ["accounts.hashers.FrugalArgon2Hasher"]
# The only one: logging in to the administration is slowed as everywhere.
AUTHENTICATION_BACKENDS = ["accounts.backend.LimitedBackend"]
_VALIDATION = "django.contrib.auth.password_validation"
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": f"{_VALIDATION}.UserAttributeSimilarityValidator",
        "OPTIONS": {
            "user_attributes": (
                "username",
                "display_name",
                "first_name",
                "last_name",
                "email",
                "mobile",
            )
        },
    },
    {"NAME": f"{_VALIDATION}.MinimumLengthValidator"},
    {"NAME": f"{_VALIDATION}.CommonPasswordValidator"},
    {"NAME": f"{_VALIDATION}.NumericPasswordValidator"},
]

API_USER_PATH = "/api/v1/user/"
REFRESH_COOKIE = "luffy_refresh"
SIMPLE_JWT = {
    # "jwt" is what the original's pages send, and RFC 7235 knows no upper and lower case.
    "AUTH_HEADER_TYPES": ("JWT", "jwt", "Jwt", "Bearer", "bearer", "BEARER"),
    "ACCESS_TOKEN_LIFETIME": timedelta(seconds=ENVIRONMENT.access_token_lifetime_s),
    "REFRESH_TOKEN_LIFETIME": timedelta(seconds=ENVIRONMENT.refresh_token_lifetime_s),
    # A new password, wherever it was set, ends every token that was given before.
    "CHECK_REVOKE_TOKEN": True,
}

# How many failed logins a name may have from one address, and an address under any names.
LOGIN_WINDOW_S = 15 * 60
LOGIN_TRIES_PER_NAME = ENVIRONMENT.login_tries_per_name
LOGIN_TRIES_PER_ADDRESS = ENVIRONMENT.login_tries_per_address
# The form for registering asks of one number, perhaps mistyped, not of a list of them.
CHECK_MOBILE_PER_ADDRESS = 30

SMS = ENVIRONMENT.sms
SMS_CODE_LIFETIME_S = ENVIRONMENT.sms_code_lifetime_s
SMS_CODE_TRIES = 5
SMS_PER_PHONE_A_DAY = ENVIRONMENT.sms_per_phone_a_day
SMS_PER_ADDRESS_AN_HOUR = ENVIRONMENT.sms_per_address_an_hour
SMS_AN_HOUR = ENVIRONMENT.sms_an_hour

# Within what the edge lets through and what the container's /tmp holds of several at once.
AVATAR_MAX_BYTES = 4 * 1024 * 1024

# --- learning -------------------------------------------------------------------------------------

# Shared with the front end's nginx, which serves what lies below `protected/` by links alone.
MEDIA_SECRET = ENVIRONMENT.media_secret
MEDIA_LINK_LIFETIME_S = ENVIRONMENT.media_link_lifetime_s
MEDIA_COOKIE = "luffy_media"
# One file; the edge's own limit for a whole body is a little larger.
UPLOAD_MAX_BYTES = ENVIRONMENT.upload_max_bytes

# --- shop -----------------------------------------------------------------------------------------

ALIPAY = ENVIRONMENT.alipay
SHORT_LINKS = ENVIRONMENT.short_links
ORDER_LIFETIME_S = ENVIRONMENT.order_lifetime_s
# Courses in a cart, and in an order.
CART_SIZE = 50
# Of one buyer; each may reserve a coupon and is asked about.
MOST_UNPAID_ORDERS = 20
MOST_ORDERS_AN_HOUR = 60
MOST_KEYS_AN_HOUR = 120
# Codes of coupons that were refused: they are not to be guessed.
COUPON_WINDOW_S = 15 * 60
COUPON_TRIES_PER_PERSON = 10
COUPON_TRIES_PER_ADDRESS = 100

# --- the administration ---------------------------------------------------------------------------

STAFF_TWO_FACTOR = ENVIRONMENT.staff_two_factor
# Wrong codes are counted by `luffy.limits`, which says for how long to wait; the library's own
# pauses would say nothing.
OTP_TOTP_THROTTLE_FACTOR = 0

AUDIT_KEEP_DAYS = ENVIRONMENT.audit_keep_days

# Only the administration has sessions. One lasts a working day.
SESSION_COOKIE_AGE = 12 * 3600
# Where who opened the login page itself goes on: the theme's form names no place of its own.
LOGIN_REDIRECT_URL = "admin:index"

UNFOLD = {
    "SITE_TITLE": _("Luffy administration"),
    "SITE_HEADER": "Luffy",
    "SITE_URL": "/",
    "SITE_SYMBOL": "school",
    "SHOW_LANGUAGES": True,
    "STYLES": ["office.theme.stylesheet"],
    "SIDEBAR": {"show_search": True},
    "ACCOUNT": {"navigation": "office.theme.account_links"},
}

# --- language and time ----------------------------------------------------------------------------

LANGUAGE_CODE = ENVIRONMENT.language_code
LANGUAGES = [("zh-hans", _("Chinese")), ("en", _("English"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_I18N = True
TIME_ZONE = ENVIRONMENT.time_zone
USE_TZ = True

# --- files ----------------------------------------------------------------------------------------

STATIC_URL = "/static/"
STATIC_ROOT = BASE_DIR / "static"
MEDIA_URL = "/media/"
MEDIA_ROOT = ENVIRONMENT.media_root
# Another container's user serves these files, so they are readable by all.
FILE_UPLOAD_PERMISSIONS = 0o644
FILE_UPLOAD_DIRECTORY_PERMISSIONS = 0o755
# What does not fit into memory goes to the volume at once: the container's /tmp is memory, too.
FILE_UPLOAD_HANDLERS = [
    "django.core.files.uploadhandler.MemoryFileUploadHandler",
    "luffy.uploads.VolumeUploadHandler",
]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}

# --- the interface --------------------------------------------------------------------------------

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.AllowAny"],
    "DEFAULT_PARSER_CLASSES": ["luffy.bodies.ShortJSONParser"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "EXCEPTION_HANDLER": "luffy.errors.exception_handler",
    "URL_FORMAT_OVERRIDE": None,
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Luffy",
    "DESCRIPTION": "The course site. Errors have one shape, and a real status.",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "COMPONENT_SPLIT_REQUEST": True,
    # From this service's own static files: the page asks no other host.
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
}

MAX_JSON_BYTES = 64 * 1024

# --- safety ---------------------------------------------------------------------------------------

HTTPS = ENVIRONMENT.public_scheme == "https"
SESSION_COOKIE_SECURE = HTTPS
CSRF_COOKIE_SECURE = HTTPS
SECURE_SSL_REDIRECT = HTTPS
SECURE_HSTS_SECONDS = 365 * 24 * 3600 if HTTPS else 0
# The edge is the only one that can reach this service, and it always replaces this header.
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if HTTPS else None
X_FRAME_OPTIONS = "DENY"
CSRF_FAILURE_VIEW = "luffy.errors.csrf_failure"
SILENCED_SYSTEM_CHECKS = [
    # Both would bind every subdomain of the operator's domain, which this site does not own.
    "security.W005",  # HSTS for subdomains
    "security.W021",  # HSTS preload
]

# --- logs -----------------------------------------------------------------------------------------

DJANGO_GUID = {
    "GUID_HEADER_NAME": "X-Request-ID",
    "VALIDATE_GUID": False,
    "RETURN_HEADER": True,
    # For pages of other sites, and no answer is for these.
    "EXPOSE_HEADER": False,
    # A task has the id of the request that it was sent by; what beat sends gets one of its own.
    "INTEGRATIONS": [CeleryIntegration()],
}
LOGGING_CONFIG = "logging.config.dictConfig"
LOGGING = logging_config(ENVIRONMENT.log_level)
