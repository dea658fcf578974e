"""Every knob, from the environment, in one file. README.md lists them with their defaults.

Embedded mode needs none of them: SQLite, local files, memory. Name a real part and that part becomes real.
"""

import secrets
import sys
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from backend.lib import env

ROOT = Path(__file__).resolve().parent.parent
VAR = Path(env.text("DATA_DIR", str(ROOT / "var")))
MiB = 1024 * 1024

# --- Who we are ---------------------------------------------------------------------------------------------------

DEBUG = env.flag("DEBUG", default=False)
SANDBOX = env.flag("SANDBOX", default=False)
SANDBOX_URL = env.text("SANDBOX_URL", "").rstrip("/")
"""Where a sandbox runs as a process of its own; empty: this process mounts one at /sandbox/."""
if SANDBOX and not DEBUG:
    raise env.WrongSetting("SANDBOX", "a simulated WhatsApp is for development: it needs DEBUG=1")


def _development_secret() -> str:
    """Made once and kept beside the database, so that sessions and demo logins outlive a restart."""
    path = VAR / "secret_key"
    if not path.exists():
        VAR.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        path.write_text(secrets.token_urlsafe(48))
    return path.read_text().strip()


SECRET_KEY = env.text("SECRET_KEY", _development_secret() if DEBUG else None)
PORT = env.number("PORT", 8000, at_least=1)
PUBLIC_BASE_URL = env.text("PUBLIC_BASE_URL", "").rstrip("/")
ALLOWED_HOSTS = env.words(
    "ALLOWED_HOSTS", "*" if DEBUG else urlsplit(PUBLIC_BASE_URL).hostname or "localhost,127.0.0.1"
)
TRUST_PROXY = env.flag("TRUST_PROXY", default=False)

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "channels",
    "ninja",
    "backend.tenants",
    "backend.realtime",
    "backend.jobs",
    "backend.media",
    "backend.chat",
    "backend.ops",
]
MIDDLEWARE = [
    "backend.ops.health.answer_any_host",
    "backend.chat.views.api_problems",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
ROOT_URLCONF = "backend.urls"
ASGI_APPLICATION = "asgi_workers.asgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
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
AUTH_USER_MODEL = "tenants.User"
AUTHENTICATION_BACKENDS = ["backend.tenants.backends.ThrottledBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
APPEND_SLASH = False
LANGUAGE_CODE, TIME_ZONE, USE_TZ, USE_I18N = "en", "UTC", True, True

# --- The page -----------------------------------------------------------------------------------------------------

STATIC_URL = "/static/"
STATIC_ROOT = ROOT / "var" / "static"
FRONTEND_DIST = ROOT / "frontend" / "dist"
STATICFILES_DIRS = [FRONTEND_DIST] if FRONTEND_DIST.exists() else []
WHITENOISE_USE_FINDERS = DEBUG

SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = not DEBUG
SESSION_ENGINE = "backend.tenants.sessions"
SESSION_COOKIE_AGE = 14 * 24 * 3600
SECURE_HSTS_SECONDS = 0 if DEBUG else 31_536_000
SECURE_SSL_REDIRECT = TRUST_PROXY and not DEBUG  # health answers before it
SECURE_REDIRECT_EXEMPT = [r"^media/"]  # gateways follow no redirect, and may come by a private road
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if TRUST_PROXY else None
USE_X_FORWARDED_HOST = TRUST_PROXY
CSRF_TRUSTED_ORIGINS = [PUBLIC_BASE_URL] if PUBLIC_BASE_URL else []
CSRF_FAILURE_VIEW = "backend.chat.views.csrf_failed"
SECURE_CONTENT_TYPE_NOSNIFF = True
DATA_UPLOAD_MAX_MEMORY_SIZE = 2 * MiB

# --- The running process --------------------------------------------------------------------------------------------

DRAIN_SECONDS = env.number("DRAIN_SECONDS", 25, at_least=1)
WORKER_CONCURRENCY = env.numbers(
    "WORKER_CONCURRENCY",
    {"inbound": 2, "outbound": 4, "media_download": 4, "media_upload": 2, "media_priority": 1},
)
JOB_LEASE_SECONDS = env.number("JOB_LEASE_SECONDS", 60, at_least=3)
JOB_RETRY_SECONDS = env.seconds("JOB_RETRY_SECONDS", "5,60,300")
GATEWAY_SECONDS = env.number("GATEWAY_SECONDS", 30, at_least=1)
SOCKET_POOL = 4
FILES_POOL = 4
HEALING_POOL = 2
SOCKET_WINDOW = env.number("SOCKET_WINDOW", 512, at_least=64)
DECODERS = env.number("DECODERS", 0)
WEBHOOK_MAX_BYTES = env.number("WEBHOOK_MAX_BYTES", 100 * MiB, at_least=1024)
WEBHOOK_RETENTION_DAYS = 7
EVENT_RETENTION_DAYS = env.number("EVENT_RETENTION_DAYS", 7, at_least=1)
JOB_RETENTION_DAYS = 7

# --- The database ---------------------------------------------------------------------------------------------------

DATABASE_POOL_SIZE = sum(WORKER_CONCURRENCY.values()) + SOCKET_POOL + FILES_POOL + HEALING_POOL + 8


def _database(url: str) -> dict[str, Any]:
    if not url:
        VAR.mkdir(parents=True, exist_ok=True)
        return {
            "ENGINE": "backend.lib.sqlite",
            "NAME": VAR / "chat.sqlite3",
            "OPTIONS": {
                "timeout": 20,
                "transaction_mode": "IMMEDIATE",
                # What was erased must not lie in free pages: some builds leave it there unless told not to.
                "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA foreign_keys=ON;"
                " PRAGMA secure_delete=ON;",
            },
        }
    parts = urlsplit(url)
    if parts.scheme not in {"postgres", "postgresql"}:
        raise env.WrongSetting(
            "DATABASE_URL", "expected postgresql://user:password@host:port/name, or nothing for SQLite"
        )
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": parts.path.lstrip("/"),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": parts.hostname or "",
        "PORT": parts.port or "",
        "OPTIONS": {
            "pool": {"min_size": 2, "max_size": DATABASE_POOL_SIZE, "timeout": 5},
            "server_side_binding": True,
            "connect_timeout": 5,
            **_connection_options(parts.query),
        },
        "CONN_HEALTH_CHECKS": True,
    }


def _connection_options(query: str) -> dict[str, Any]:
    """Planning a join costs PostgreSQL more than running it: what is asked again and again is planned once, unless a
    pooler that changes connections between transactions says `?prepare_threshold=none`."""
    given: dict[str, Any] = dict(parse_qsl(query))
    threshold = given.pop("prepare_threshold", "5")
    if threshold != "none" and not threshold.isdecimal():
        raise env.WrongSetting("DATABASE_URL", "expected a number or none as its prepare_threshold")
    return {**given, "prepare_threshold": None if threshold == "none" else int(threshold)}


DATABASES = {"default": _database(env.text("DATABASE_URL", ""))}

# --- Doorbells and cache --------------------------------------------------------------------------------------------

REDIS_URL = env.text("REDIS_URL", "")
RABBITMQ_URL = env.text("RABBITMQ_PRIVATE_URL", "") or env.text("RABBITMQ_URL", "")

if REDIS_URL:
    _redis = {"address": REDIS_URL, "socket_timeout": 2, "socket_connect_timeout": 2, "health_check_interval": 5}
    CHANNEL_LAYERS = {
        "default": {"BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer", "CONFIG": {"hosts": [_redis]}}
    }
    CACHES = {
        "default": {
            "BACKEND": "django.core.cache.backends.redis.RedisCache",
            "LOCATION": REDIS_URL,
            "OPTIONS": {"socket_timeout": 1, "socket_connect_timeout": 1},
        }
    }
else:
    CHANNEL_LAYERS = {"default": {"BACKEND": "channels.layers.InMemoryChannelLayer", "CONFIG": {"capacity": 10_000}}}
    CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}

# --- Media ----------------------------------------------------------------------------------------------------------

S3_BUCKET = env.text("S3_BUCKET", "")
S3_ENDPOINT_URL = env.text("S3_ENDPOINT_URL", "")
S3_PUBLIC_ENDPOINT_URL = env.text("S3_PUBLIC_ENDPOINT_URL", "")
S3_REGION = env.text("S3_REGION", "us-east-1")
S3_USE_SSL = env.flag("S3_USE_SSL", default=True)
MEDIA_STORAGE = env.text("MEDIA_STORAGE", "s3" if S3_BUCKET or S3_ENDPOINT_URL else "local")
if MEDIA_STORAGE not in {"s3", "local"}:
    raise env.WrongSetting("MEDIA_STORAGE", f"expected s3 or local, found {MEDIA_STORAGE!r}")
if MEDIA_STORAGE == "s3":
    S3_BUCKET = S3_BUCKET or "flow-attachments"
# Files may still be where they were before MEDIA_STORAGE changed: manage.py migrate_media.
S3_ACCESS_KEY = env.text("S3_ACCESS_KEY", None if MEDIA_STORAGE == "s3" else "")
S3_SECRET_KEY = env.text("S3_SECRET_KEY", None if MEDIA_STORAGE == "s3" else "")
MEDIA_ROOT = Path(env.text("MEDIA_ROOT", str(VAR / "media")))
SPOOL_ROOT = VAR / "spool"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"}
    if not DEBUG
    else {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    "media": {
        "BACKEND": "backend.media.storages.S3MediaStorage"
        if MEDIA_STORAGE == "s3"
        else "backend.media.storages.LocalMediaStorage"
    },
}
MEDIA_MAX_SIZE = env.numbers(
    "MEDIA_MAX_SIZE",
    {"image": 10 * MiB, "sticker": 10 * MiB, "audio": 16 * MiB, "document": 25 * MiB, "video": 50 * MiB},
)
MEDIA_ALLOWED_TYPES = env.words("MEDIA_ALLOWED_TYPES")
MEDIA_CACHE_MAX_BYTES = env.number("MEDIA_CACHE_MAX_BYTES", 512 * MiB, at_least=MiB)
MEDIA_FETCH_HOSTS = env.words("MEDIA_FETCH_HOSTS")
MEDIA_PROXY_HOSTS = env.words("MEDIA_PROXY_HOSTS", "pps.whatsapp.net,mmg.whatsapp.net,*.fna.whatsapp.net")
MEDIA_RETENTION_DAYS = env.number("MEDIA_RETENTION_DAYS", 30)

# --- What operators see -----------------------------------------------------------------------------------------------

LOG_LEVEL = env.text("LOG_LEVEL", "INFO").upper()
if LOG_LEVEL not in {"DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"}:
    raise env.WrongSetting("LOG_LEVEL", f"expected DEBUG, INFO, WARNING, ERROR or CRITICAL, found {LOG_LEVEL!r}")
METRICS_TOKEN = env.text("METRICS_TOKEN", "")
SENTRY_DSN = env.text("SENTRY_DSN", "")
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"facts": {"()": "backend.lib.logs.FactsFormatter"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "stream": sys.stderr, "formatter": "facts"}},
    "root": {"handlers": ["console"], "level": "WARNING"},
    "loggers": {
        "backend": {"level": LOG_LEVEL},
        "asgi_workers": {"level": LOG_LEVEL},
        "daphne": {"level": "WARNING"},
        "django": {"level": "WARNING"},
        "django.request": {"level": "ERROR"},
    },
}
