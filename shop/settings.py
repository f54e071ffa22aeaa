"""All settings, from the environment; a bad value stops the start with a sentence on what to do.

Three ways to run: `DEMO=1` (what `make run` sets), `DEBUG=1` (developing), and neither, which is production.
"""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import unquote, urlsplit

import django_stubs_ext
import environ
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _

from shop.admin_site import UNFOLD  # noqa: F401 - read by the admin's theme
from shop.embedded_database import SHOP as EMBEDDED_DATABASE
from shop.logging import configure_logging

# Lets `ModelAdmin[Film]` and `models.Field[Any, Any]` be written, with their types, at run time.
django_stubs_ext.monkeypatch()

T = TypeVar("T")
BASE_DIR = Path(__file__).resolve().parent.parent
VAR_DIR = BASE_DIR / "var"


def read(name: str, parse: Callable[[str], T], *, default: T, expected: str) -> T:
    """The setting of this name, or a sentence naming it and what it should look like."""
    text = os.environ.get(name, "").strip()
    if not text:
        return default
    try:
        return parse(text)
    except Exception as error:
        # The value stays out of the sentence: it may be a password.
        raise ImproperlyConfigured(f"{name} is not understood: it should be {expected}.") from error


def parse_flag(text: str) -> bool:
    return {
        "1": True,
        "true": True,
        "yes": True,
        "on": True,
        "0": False,
        "false": False,
        "no": False,
        "off": False,
    }[text.lower()]


def parse_port(text: str) -> int:
    port = int(text)
    if not 0 < port < 65536:
        raise ValueError(port)
    return port


def parse_rates_age(text: str) -> int:
    days = int(text)
    if not (0 if DEMO else 1) <= days <= 31:
        raise ValueError(days)
    return days


def parse_positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise ValueError(number)
    return number


def parse_count(text: str) -> int:
    number = int(text)
    if number < 0:
        raise ValueError(number)
    return number


def parse_base_url(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.path.strip("/") or parts.query:
        raise ValueError(text)
    return f"{parts.scheme}://{parts.netloc}"


def parse_stripe_key(text: str) -> str:
    if not text.startswith(("sk_test_", "sk_live_", "rk_test_", "rk_live_")):
        raise ValueError("no secret key")
    return text


def parse_webhook_secret(text: str) -> str:
    if not text.startswith("whsec_"):
        raise ValueError("no signing secret")
    return text


def parse_list(text: str) -> list[str]:
    return [item.strip() for item in text.split(",") if item.strip()]


def parse_database(text: str) -> dict[str, Any]:
    database: dict[str, Any] = environ.Env.db_url_config(text)
    if database["ENGINE"] != "django.db.backends.postgresql":
        raise ValueError(database["ENGINE"])
    # A unix socket's folder is written as %2Fvar%2Frun%2Fpostgresql.
    return {**database, "HOST": unquote(database["HOST"])}


def parse_email(text: str) -> dict[str, Any]:
    mail: dict[str, Any] = environ.Env.email_url_config(text)
    return mail


DEBUG = read("DEBUG", parse_flag, default=False, expected="1 or 0")
DEMO = read("DEMO", parse_flag, default=False, expected="1 or 0")
PRODUCTION = not (DEBUG or DEMO)

INSECURE_SECRET_KEY = "insecure-key-for-a-shop-on-this-machine-only-and-nobody-else"  # noqa: S105
SECRET_KEY = read("SECRET_KEY", str, default=INSECURE_SECRET_KEY, expected="a long random text")
PORT = read("PORT", parse_port, default=8000, expected="a port number such as 8000")
BASE_URL = read(
    "BASE_URL",
    parse_base_url,
    default=f"http://127.0.0.1:{PORT}",
    expected="scheme and host without a path, such as https://shop.example.com",
)
BASE_URL_PARTS = urlsplit(BASE_URL)
IS_HTTPS = BASE_URL_PARTS.scheme == "https"
ALLOWED_HOSTS = read(
    "ALLOWED_HOSTS",
    parse_list,
    default=[BASE_URL_PARTS.hostname or "localhost"] if PRODUCTION else ["127.0.0.1", "localhost", "[::1]"],
    expected="host names separated by commas",
)

if IS_HTTPS and (DEMO or DEBUG):
    raise ImproperlyConfigured(
        "BASE_URL is https, so this is a real shop: unset DEMO and DEBUG, which give away orders and internals."
    )
if PRODUCTION:
    if len(SECRET_KEY) < 50 or SECRET_KEY == INSECURE_SECRET_KEY or len(set(SECRET_KEY)) < 5:
        raise ImproperlyConfigured(
            "SECRET_KEY is missing or guessable: set it to at least 50 random characters, "
            "for instance the output of `openssl rand -hex 32`. "
            "For a shop on this machine only, set DEMO=1 or DEBUG=1."
        )
    if "*" in ALLOWED_HOSTS:
        raise ImproperlyConfigured(
            "ALLOWED_HOSTS must not contain *: name the hosts, such as shop.example.com, "
            "or leave it out to use BASE_URL's."
        )
    if not os.environ.get("BASE_URL"):
        raise ImproperlyConfigured(
            "BASE_URL is missing: set it to the shop's address, such as https://shop.example.com. "
            "It goes into mails and decides over secure cookies."
        )

INSTALLED_APPS = [
    "unfold",
    "unfold.contrib.filters",
    "unfold.contrib.forms",
    "unfold.contrib.simple_history",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "django.contrib.sitemaps",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "djmoney",
    "django_countries",
    "phonenumber_field",
    "simple_history",
    "procrastinate.contrib.django",
    "rest_framework",
    "django_filters",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "shop",
    "catalog",
    "checkout",
]

MIDDLEWARE = [
    "shop.middleware.request_log",
    "django.middleware.security.SecurityMiddleware",
    "shop.middleware.security_headers",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "shop.middleware.ErrorPages",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "shop.middleware.language",
    "shop.middleware_preferences.PreferencesMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "simple_history.middleware.HistoryRequestMiddleware",
]

ROOT_URLCONF = "shop.urls"
WSGI_APPLICATION = "shop.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]

EMBEDDED: dict[str, Any] = {
    "ENGINE": "shop.embedded_database",
    "NAME": "shop",
    "USER": "postgres",
    "HOST": str(EMBEDDED_DATABASE.socket_folder),
    "PORT": 5432,
}
DATABASES = {
    "default": {
        # Kept open for good and checked when first used in a request: docs/adr/0004.
        "CONN_MAX_AGE": None,
        "CONN_HEALTH_CHECKS": True,
        **read(
            "DATABASE_URL",
            parse_database,
            default=EMBEDDED,
            expected="postgres://user:password@host:5432/name",
        ),
    }
}
# A server that does not answer holds nobody up: it has three seconds to let us in, and a connection gone silent is
# given up after a quarter of a minute. What DATABASE_URL says itself goes before.
DATABASES["default"]["OPTIONS"] = {
    "connect_timeout": 3,
    "keepalives_idle": 5,
    "keepalives_interval": 5,
    "keepalives_count": 2,
    "tcp_user_timeout": 15_000,
    **DATABASES["default"].get("OPTIONS", {}),
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}

AUTH_USER_MODEL = "shop.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "shop.passwords.MinimumLength"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
ACCOUNT_ADAPTER = "shop.network.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "optional"
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""  # the sender says who writes
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "checkout:my_orders"
ACCOUNT_LOGOUT_REDIRECT_URL = "home"

LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English")), ("el", _("Greek"))]
LANGUAGE_COOKIE_NAME = "language"
LOCALE_PATHS = [BASE_DIR / "locale"]
COUNTRIES_OVERRIDE = {"XK": _("Kosovo")}  # not in ISO 3166-1, but the post delivers there
TIME_ZONE = "Europe/Athens"
USE_TZ = True

STATIC_URL = "/static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATIC_ROOT = VAR_DIR / "static"
MEDIA_URL = read("MEDIA_URL", str, default="/media/", expected="a path or address that ends in a slash")
MEDIA_ROOT = VAR_DIR / "media"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}

# The demo keeps mails as files, which its visitors may read at /demo/mail/.
EMAIL_FILE_PATH = VAR_DIR / "mail"
EMAIL_BACKEND = f"django.core.mail.backends.{'filebased' if DEMO else 'console'}.EmailBackend"
EMAIL_TIMEOUT = 10
MAIL: dict[str, Any] = read(
    "EMAIL_URL",
    parse_email,
    default={},
    expected="smtp+tls://user:password@host:587 or another mail URL of django-environ",
)
globals().update(MAIL)
DEFAULT_FROM_EMAIL = SERVER_EMAIL = f"Athens Collectibles <shop@{BASE_URL_PARTS.hostname}>"

SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = IS_HTTPS
CSRF_TRUSTED_ORIGINS = [BASE_URL]
SECURE_SSL_REDIRECT = IS_HTTPS
# Probes come over plain HTTP from inside.
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]
SECURE_HSTS_SECONDS = 365 * 24 * 60 * 60 if IS_HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = IS_HTTPS
# The proxy in front ends TLS and must overwrite this header, as deploy/ does.
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if IS_HTTPS else None
# How many proxies of ours add to X-Forwarded-For; it is believed only from a peer on this host or network.
PROXIES = read("PROXIES", parse_count, default=1, expected="how many proxies stand in front, such as 1")
SECURE_REFERRER_POLICY = "strict-origin-when-cross-origin"
X_FRAME_OPTIONS = "DENY"
SILENCED_SYSTEM_CHECKS = [
    # HSTS preload cannot be taken back for months: the owner of the domain decides, not a setting here.
    "security.W021",
]

# What the shop did is told by its orders and payments; the queue keeps what is to do and what failed.
PROCRASTINATE_WORKER_DEFAULTS = {"delete_jobs": "successful"}
PROCRASTINATE_IMPORT_PATHS = [
    "checkout.paper_tasks",
    "checkout.provider_tasks",
    "checkout.rate_tasks",
    "checkout.return_tasks",
    "checkout.reward_tasks",
    "checkout.voucher_tasks",
    "checkout.watch_tasks",
]

LOGGING_CONFIG = None
configure_logging(as_json=PRODUCTION, debug=DEBUG)

# With a key the demo provider is never offered.
STRIPE_SECRET_KEY = read(
    "STRIPE_SECRET_KEY", parse_stripe_key, default="", expected="a secret key from Stripe's dashboard, sk_… or rk_…"
)
STRIPE_WEBHOOK_SECRET = read(
    "STRIPE_WEBHOOK_SECRET", parse_webhook_secret, default="", expected="the signing secret of the endpoint, whsec_…"
)
STRIPE_API_BASE = read(
    "STRIPE_API_BASE",
    parse_base_url,
    default="https://api.stripe.com",
    expected="scheme and host of a pretend Stripe, such as http://127.0.0.1:8111",
)
# Where buyers are sent to pay: a browser follows a form there only when the content policy names it.
PAYMENT_PAGES = ""
if STRIPE_SECRET_KEY:
    PAYMENT_PAGES = STRIPE_API_BASE if os.environ.get("STRIPE_API_BASE") else "https://checkout.stripe.com"
if PRODUCTION and os.environ.get("STRIPE_API_BASE"):
    raise ImproperlyConfigured(
        "STRIPE_API_BASE is set, so nobody would be charged: unset it, or set DEMO=1 or DEBUG=1 to try the shop."
    )
if PRODUCTION and STRIPE_SECRET_KEY and not STRIPE_WEBHOOK_SECRET:
    raise ImproperlyConfigured(
        "STRIPE_WEBHOOK_SECRET is missing: add an endpoint for /stripe/webhook/ in Stripe's dashboard and set its "
        "signing secret, or payments are noticed only when their buyers come back."
    )
if not PRODUCTION and "_live_" in STRIPE_SECRET_KEY:
    raise ImproperlyConfigured(
        "STRIPE_SECRET_KEY moves real money, so this is a real shop: unset DEMO and DEBUG, or use a test key."
    )
ECB_FEED_URL = read(
    "ECB_FEED_URL",
    str,
    default="https://www.ecb.europa.eu/stats/eurofxref/eurofxref-daily.xml",
    expected="an address",
)
# Older rates than this are not used: prices are then in euro only. 0, no limit, is for the demo alone,
# which may never have seen a network and lives on the history shipped with it.
RATES_MAX_AGE_DAYS = read(
    "RATES_MAX_AGE_DAYS",
    parse_rates_age,
    default=0 if DEMO else 5,
    expected="a number of days from 1 to 31 (0 only with DEMO=1)",
)

# Requests a minute, counted by each process unless the cache is shared.
API_REQUESTS_PER_MINUTE = read(
    "API_REQUESTS_PER_MINUTE", parse_positive, default=300, expected="a number of requests of one address"
)
API_KEY_REQUESTS_PER_MINUTE = read(
    "API_KEY_REQUESTS_PER_MINUTE", parse_positive, default=1200, expected="a number of requests of one key"
)
REST_FRAMEWORK = {
    "EXCEPTION_HANDLER": "shop.api.errors.answer_exception",
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
    "URL_FORMAT_OVERRIDE": None,
    "COERCE_DECIMAL_TO_STRING": True,
    # Times are left to the renderer, which writes them in UTC.
    "DATETIME_FORMAT": None,
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Athens Collectibles",
    "DESCRIPTION": "The catalogue and the whole purchase: whatever a browser can do, a program can.",
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "SCHEMA_PATH_PREFIX": r"/api/v1",
    "COMPONENT_SPLIT_REQUEST": True,
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "shop.api.schema.add_shared_parts",
    ],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
}

# Bare pages that `make bench` measures against; nothing else sets this.
BENCH = read("BENCH", parse_flag, default=False, expected="1 or 0")
