"""Flat settings, read from the environment only; a laptop needs none. `deploy/env.example` lists the names."""

from pathlib import Path
from typing import Any

from django.utils.translation import gettext_lazy as _

from monitor.env import (
    home_folder,
    parse_database_url,
    read_flag,
    read_list,
    read_number,
    read_or_make_secret,
    read_text,
)

HOME = home_folder()
DEBUG = read_flag("MENTIONDESK_DEBUG")
SECRET_KEY = read_or_make_secret("MENTIONDESK_SECRET_KEY", HOME)
# Newest first: the first key seals, every key opens (rotation is `mentiondesk rotate-keys`).
CREDENTIAL_KEYS = read_list("MENTIONDESK_CREDENTIAL_KEYS") or [
    read_or_make_secret("MENTIONDESK_CREDENTIAL_KEY", HOME),
]

# -- Address ---------------------------------------------------------------------------------------
PUBLIC_URL = read_text("MENTIONDESK_PUBLIC_URL")
IS_SECURE = PUBLIC_URL.startswith("https://")
ALLOWED_HOSTS = read_list("MENTIONDESK_ALLOWED_HOSTS", "localhost,127.0.0.1,[::1]")
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL] if PUBLIC_URL else []
ROOT_URLCONF = "monitor.urls"
ASGI_APPLICATION = "monitor.asgi.application"
SESSION_COOKIE_SECURE = IS_SECURE
CSRF_COOKIE_SECURE = IS_SECURE
SESSION_COOKIE_NAME = "__Host-session" if IS_SECURE else "mentiondesk_session"
CSRF_COOKIE_NAME = "__Host-csrf" if IS_SECURE else "mentiondesk_csrf"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_FAILURE_VIEW = "monitor.console.views.errors.show_csrf_failure"
SESSION_COOKIE_AGE = 60 * 60 * 12
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if read_flag("MENTIONDESK_BEHIND_PROXY") else None
SECURE_HSTS_SECONDS = 31_536_000 if IS_SECURE else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = IS_SECURE
SECURE_HSTS_PRELOAD = IS_SECURE
SECURE_SSL_REDIRECT = IS_SECURE and read_flag("MENTIONDESK_SSL_REDIRECT", default=True)
# Probes come from inside, in plain HTTP.
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$", r"^metrics$"]
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"

# -- Rooms, from the floor up ----------------------------------------------------------------------
INSTALLED_APPS = [
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "monitor.audit",
    "monitor.brands",
    "monitor.alerts",
    "monitor.inbox",
    "monitor.analysis",
    "monitor.triage",
    "monitor.cases",
    "monitor.replies",
    "monitor.trends",
    "monitor.privacy",
    "monitor.api",
    "monitor.console",
    "ninja",  # for the files of the API's description page, so that they need no other server
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "monitor.console.middleware.PlainAddressMiddleware",
    "monitor.console.middleware.ContentSecurityPolicyMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "monitor.console.middleware.UserPreferencesMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "monitor.console.context.desk",
            ],
        },
    },
]

# -- Servers ---------------------------------------------------------------------------------------
# The fallback names the embedded server's usual place; `mentiondesk` sets DATABASE_URL itself.
DATABASE_URL = read_text("DATABASE_URL") or f"postgresql://postgres@/mentiondesk?host={HOME / 'run'}"
DATABASES = {"default": parse_database_url(DATABASE_URL)}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
# "none": no broker at all; the sweeper does all the work.
REDIS_URL = read_text("REDIS_URL", "none")
SESSION_ENGINE = "django.contrib.sessions.backends.db"

# -- People ----------------------------------------------------------------------------------------
AUTH_USER_MODEL = "brands.User"
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "login"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]

# -- Language and time -----------------------------------------------------------------------------
LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English")), ("zh-hans", _("Simplified Chinese"))]
LOCALE_PATHS = [str(Path(__file__).parent / "locale")]
LANGUAGE_COOKIE_NAME = "mentiondesk_language"
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"

# -- Files -----------------------------------------------------------------------------------------
STATIC_URL = "static/"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
# Served straight from the packages: nothing to collect, on a laptop or in a container.
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = DEBUG
EXPORT_FOLDER = HOME / "exports"
# What was deleted and erased is remembered here, outside the database, so that a restored backup does not undo it.
LEDGER_FOLDER = HOME
DATA_UPLOAD_MAX_MEMORY_SIZE = 2_500_000

# -- Platforms -------------------------------------------------------------------------------------
X_API_URL = read_text("MENTIONDESK_X_API_URL", "https://api.twitter.com").rstrip("/")
GRAPH_API_URL = read_text("MENTIONDESK_GRAPH_API_URL", "https://graph.facebook.com").rstrip("/")
BLUESKY_API_URL = read_text("MENTIONDESK_BLUESKY_API_URL", "https://bsky.social").rstrip("/")
PLATFORM_API_URLS = {
    "x": X_API_URL,
    "facebook": GRAPH_API_URL,
    "instagram": GRAPH_API_URL,
    "bluesky": BLUESKY_API_URL,
}
X_CONSUMER_SECRETS = read_list("MENTIONDESK_X_CONSUMER_SECRET")
# What belongs to the app rather than to a channel, for channels that were signed in without it: push at X does.
X_BEARER_TOKEN = read_text("MENTIONDESK_X_BEARER_TOKEN")
APP_CREDENTIALS = {"x": {"bearer_token": X_BEARER_TOKEN}} if X_BEARER_TOKEN else {}
META_APP_SECRETS = read_list("MENTIONDESK_META_APP_SECRET")
META_VERIFY_TOKEN = read_text("MENTIONDESK_META_VERIFY_TOKEN")
# For signing in from the console: (client id, secret, where the browser goes), by `SignIn.return_code`.
SIGN_IN_APPS = {
    "x": (
        read_text("MENTIONDESK_X_CLIENT_ID"),
        read_text("MENTIONDESK_X_CLIENT_SECRET"),
        read_text("MENTIONDESK_X_WEB_URL", "https://x.com").rstrip("/"),
    ),
    "facebook": (
        read_text("MENTIONDESK_META_APP_ID"),
        META_APP_SECRETS[0] if META_APP_SECRETS else "",
        read_text("MENTIONDESK_FACEBOOK_WEB_URL", "https://www.facebook.com").rstrip("/"),
    ),
}

# -- Work ------------------------------------------------------------------------------------------
ANALYZE_BATCH = read_number("MENTIONDESK_ANALYZE_BATCH", 100, least=1)
LEASE_SECONDS = read_number("MENTIONDESK_LEASE_SECONDS", 60, least=5)
RETENTION_DAYS = read_number("MENTIONDESK_RETENTION_DAYS", 730, least=1)
JOURNAL_RETENTION_DAYS = read_number("MENTIONDESK_JOURNAL_RETENTION_DAYS", 90, least=1)
# Stored posts are looked up again, so that what was deleted or edited there is here, too: those of open cases every few
# hours, the others of the last days once a day. Where a look-up costs money, so many US cents a channel and day.
RECHECK_CASE_HOURS = read_number("MENTIONDESK_RECHECK_CASE_HOURS", 4, least=1)
RECHECK_DAYS = read_number("MENTIONDESK_RECHECK_DAYS", 30, least=1)
RECHECK_CENTS = read_number("MENTIONDESK_RECHECK_CENTS", 50)
# Posts of a day and brand that are drawn for review: of those read as no complaint, and of those read as one.
QUALITY_SAMPLE = read_number("MENTIONDESK_QUALITY_SAMPLE", 20)
QUALITY_SAMPLE_COMPLAINTS = read_number("MENTIONDESK_QUALITY_SAMPLE_COMPLAINTS", 10)
QUALITY_SAMPLE_PUT_ASIDE = read_number("MENTIONDESK_QUALITY_SAMPLE_PUT_ASIDE", 5)
ERASURE_SALT = SECRET_KEY[:16]
METRICS_TOKEN = read_text("MENTIONDESK_METRICS_TOKEN")

# -- Logs: one line of JSON an event; post text, names and tokens never at INFO or above ------------
LOGGING_CONFIG = "monitor.logs.set_up"
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"()": "monitor.logs.LineFormatter"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": read_text("MENTIONDESK_LOG_LEVEL", "INFO")},
    # These libraries write headers with tokens at DEBUG.
    "loggers": {
        name: {"level": "INFO"} for name in ("tweepy", "oauthlib", "requests_oauthlib", "urllib3", "kombu", "amqp")
    },
}
