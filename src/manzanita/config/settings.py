"""Django settings, all from the environment. Every variable has a default that suits a laptop."""

import os
from pathlib import Path

from csp.constants import NONE, SELF
from environs import Env

env = Env()

# Where data of this installation live: database, uploaded files, rendered files.
VAR_DIR = Path(env.str("MANZANITA_VAR", str(Path.cwd() / "var"))).resolve()
VAR_DIR.mkdir(parents=True, exist_ok=True)

DEBUG = env.bool("MANZANITA_DEBUG", False)
PRODUCTION = env.bool("MANZANITA_PRODUCTION", False)
if DEBUG and PRODUCTION:
    raise RuntimeError(
        "MANZANITA_DEBUG shows what pages are made of; a production system has to run without it."
    )


def _secret_key() -> str:
    """The given key, or one made once and kept beside the database with owner-only rights."""
    given = env.str("MANZANITA_SECRET_KEY", "")
    if given:
        return given
    path = VAR_DIR / "secret_key"
    try:
        descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    except FileExistsError:
        return path.read_text()
    with os.fdopen(descriptor, "w") as file:
        key = os.urandom(48).hex()
        file.write(key)
    return key


SECRET_KEY = _secret_key()
ALLOWED_HOSTS = env.list("MANZANITA_HOSTS", ["localhost", "127.0.0.1", "[::1]", "testserver"])
# How many proxies of ours stand in front; each adds to X-Forwarded-For. None: what a client says there is not heard.
TRUSTED_PROXIES = env.int("MANZANITA_TRUSTED_PROXIES", 0)
CSRF_TRUSTED_ORIGINS = env.list("MANZANITA_ORIGINS", [])

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django_htmx",
    "axes",
    "csp",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "django_tasks",
    "django_tasks_db",
    "manzanita.ui",
    "manzanita.platform",
    "manzanita.auditing",
    "manzanita.orgs",
    "manzanita.accounts",
    "manzanita.archive",
    "manzanita.transfers",
    "manzanita.students",
    "manzanita.meetings",
    "manzanita.leaving",
    "manzanita.deadlines",
    "manzanita.findings",
    "manzanita.exchange",
    "manzanita.arrivals",
    "manzanita.procedures",
    "manzanita.web",
]

MIDDLEWARE = [
    "manzanita.platform.request_ids.RequestIdMiddleware",
    "manzanita.platform.client_address.ClientAddressMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "manzanita.platform.answers.AnswerMiddleware",
    "manzanita.platform.specifications.SpecificationMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "manzanita.accounts.gate.SignInRequiredMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "manzanita.accounts.middleware.ActorMiddleware",
    "manzanita.accounts.refusal_log.RefusalLogMiddleware",
    "manzanita.accounts.request_limits.RequestLimitMiddleware",
    "manzanita.accounts.gate.SessionGateMiddleware",
    "manzanita.accounts.read_only.ReadOnlyMiddleware",
    "manzanita.accounts.middleware.ReachMiddleware",
    "manzanita.web.merges.MergedAwayMiddleware",
    "manzanita.web.wrong_method.WrongMethodMiddleware",
    "axes.middleware.AxesMiddleware",
]

ROOT_URLCONF = "manzanita.web.urls"
WSGI_APPLICATION = "manzanita.config.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.jinja2.Jinja2",
        "APP_DIRS": True,
        "OPTIONS": {
            "environment": "manzanita.ui.jinja_env.environment",
            "context_processors": [
                "manzanita.ui.context.frame",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
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

# PostgreSQL: DATABASE_URL signs in as the application's role, which owns nothing; migrations as the owner. On a laptop
# or in a test one login may do, which owns the tables and acts as MANZANITA_DATABASE_ROLE; production refuses that.
MIGRATION_DATABASE_URL = env.str("MANZANITA_MIGRATION_DATABASE_URL", "")
DATABASE_ROLE = env.str("MANZANITA_DATABASE_ROLE", "")
_sqlite = f"sqlite:///{VAR_DIR / 'manzanita.sqlite3'}"
DATABASES = {"default": env.dj_db_url("DATABASE_URL", _sqlite)}
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    if PRODUCTION and not env.bool("MANZANITA_ALLOW_SQLITE", False):
        raise RuntimeError(
            "Production needs PostgreSQL (DATABASE_URL): SQLite has no row-level backstop between agencies. "
            "Set MANZANITA_ALLOW_SQLITE=true to run a single small agency on it all the same."
        )
    DATABASES["default"].setdefault("OPTIONS", {}).update(
        transaction_mode="IMMEDIATE",
        timeout=20,
        init_command="PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON;",
    )
else:
    # Tells the database whose students may be read (platform.reach).
    DATABASES["default"]["ENGINE"] = "manzanita.platform.postgresql"
    if DATABASE_ROLE:
        DATABASES["default"].setdefault("OPTIONS", {})["assume_role"] = DATABASE_ROLE
    # Opening a connection for each request costs four times the request itself.
    DATABASES["default"]["CONN_MAX_AGE"] = env.int("MANZANITA_CONN_MAX_AGE", 600)
    DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "django.contrib.auth.backends.ModelBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 15},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "manzanita.accounts.breached_passwords.BreachedPasswordValidator"},
    {"NAME": "manzanita.accounts.password_rules.PaddedPasswordValidator"},
    {"NAME": "manzanita.accounts.password_rules.HouseWordsValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator",
        "OPTIONS": {"user_attributes": ["email", "name"]},
    },
]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.PBKDF2PasswordHasher"]
LOGIN_URL = "sign_in"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "sign_in"
CSRF_FAILURE_VIEW = "manzanita.web.access.csrf_failed"
AXES_FAILURE_LIMIT = 10
AXES_COOLOFF_TIME = 0.25
# The form's field; by itself axes would look for "email", find nothing, and count tries for no account.
AXES_USERNAME_FORM_FIELD = "username"
AXES_LOCKOUT_PARAMETERS = "manzanita.accounts.attempts.lockout_parameters"
# Of a request that failed axes keeps its fields; these never in the clear (the password never is).
AXES_SENSITIVE_PARAMETERS = ["username", "ip_address", "code", "credential"]
AXES_RESET_ON_SUCCESS = True
AXES_VERBOSE = False
AXES_LOCKOUT_CALLABLE = "manzanita.accounts.views.locked_out"

# Requests a minute that are answered: of a person, among them those that write, and of an address without anybody.
REQUESTS_A_MINUTE = {"person": 600, "writes": 240, "address": 1200}
# Of one person's calendar feed: a program that subscribes asks every few minutes.
FEED_REQUESTS_A_MINUTE = 12

# Unused for so long, a session is locked and keeps everything; this old, it is over.
IDLE_SECONDS = env.int("MANZANITA_IDLE_SECONDS", 30 * 60)
ABSOLUTE_SECONDS = env.int("MANZANITA_ABSOLUTE_SECONDS", 12 * 60 * 60)
SESSION_COOKIE_AGE = ABSOLUTE_SECONDS
SESSION_COOKIE_HTTPONLY = True
SECRET_KEY_FALLBACKS = env.list("MANZANITA_OLD_SECRET_KEYS", [])
SESSION_COOKIE_SAMESITE = "Lax"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
if PRODUCTION:
    SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = True
    SESSION_COOKIE_NAME, CSRF_COOKIE_NAME = "__Host-session", "__Host-csrf"
    SECURE_SSL_REDIRECT = True
    SECURE_HSTS_SECONDS = 31536000
    SECURE_HSTS_INCLUDE_SUBDOMAINS = True
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "img-src": [SELF, "data:"],
        "object-src": [NONE],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
        "form-action": [SELF],
    }
}

# Pages, address book and sign-in steps are ours; of allauth we use factors, addresses and provider sign-in.
ACCOUNT_ADAPTER = "manzanita.accounts.adapter.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "none"
MFA_ADAPTER = "manzanita.accounts.adapter.SecondFactorAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_WEBAUTHN_USER_VERIFICATION = "required"
# Half minutes before and after the present one whose code is taken, too. By itself none: a code lives 30 seconds.
MFA_TOTP_TOLERANCE = env.int("MANZANITA_CODE_TOLERANCE", 0)
# Does everybody need a second factor, or only whoever reaches further than the students assigned?
SECOND_FACTOR_FOR_EVERYBODY = env.bool("MANZANITA_SECOND_FACTOR_FOR_EVERYBODY", PRODUCTION)
SOCIALACCOUNT_ADAPTER = "manzanita.accounts.adapter.ProviderAdapter"
SOCIALACCOUNT_STORE_TOKENS = False
SOCIALACCOUNT_REQUESTS_TIMEOUT = 10

# Without a mail server mail goes to the terminal: enough for a laptop and for a first look.
EMAIL_HOST = env.str("MANZANITA_MAIL_HOST", "")
EMAIL_BACKEND = f"django.core.mail.backends.{'smtp' if EMAIL_HOST else 'console'}.EmailBackend"
EMAIL_PORT = env.int("MANZANITA_MAIL_PORT", 587)
EMAIL_HOST_USER = env.str("MANZANITA_MAIL_USER", "")
EMAIL_HOST_PASSWORD = env.str("MANZANITA_MAIL_PASSWORD", "")
EMAIL_USE_TLS = env.bool("MANZANITA_MAIL_TLS", True)
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = env.str("MANZANITA_MAIL_FROM", "manzanita@localhost")
# Where people reach this installation, for links in mail that no request asked for; without it there are none.
SITE_ADDRESS = env.str("MANZANITA_ADDRESS", "").rstrip("/")
# Whoever runs this installation is told here when somebody's student pages were stopped.
HOST_ALERT_ADDRESSES = env.list("MANZANITA_HOST_ALERTS", [])

LANGUAGE_CODE = "en-us"
# Only for demonstrations and tests: the day it is supposed to be (see platform.clock).
TODAY = env.date("MANZANITA_TODAY", None)
if TODAY and PRODUCTION:
    raise RuntimeError("MANZANITA_TODAY moves the clock; a production system has to run on the real one.")
# All deadlines are California days; instants are stored in UTC.
TIME_ZONE = "America/Los_Angeles"
USE_TZ = True
USE_I18N = False

STATIC_URL = "static/"
STATIC_ROOT = VAR_DIR / "static"
WHITENOISE_USE_FINDERS = True
# No other site has a use for our files.
WHITENOISE_ALLOW_ALL_ORIGINS = False
MEDIA_ROOT = VAR_DIR / "files"
# Bytes of a form without its files: a pasted table of 25,000 lines is more than Django's two and a half million.
DATA_UPLOAD_MAX_MEMORY_SIZE = 6_000_000
# SIS files are read by columns from disk, so an upload goes to disk at once.
FILE_UPLOAD_HANDLERS = ["django.core.files.uploadhandler.TemporaryFileUploadHandler"]

TASKS = {
    "default": {
        "BACKEND": "django_tasks_db.DatabaseBackend",
        "QUEUES": ["default"],
    }
}
# A job whose lease has run out is given to another worker.
JOB_LEASE_SECONDS = env.int("MANZANITA_JOB_LEASE_SECONDS", 60)

# The key that seals the logs, and the file that is told where the chains stand: both outside the database. Where the
# database's owner can write this folder, name places that are not theirs.
AUDIT_KEY_FILE = env.str("MANZANITA_AUDIT_KEY_FILE", str(VAR_DIR / "audit_key"))
AUDIT_ANCHOR_FILE = env.str("MANZANITA_AUDIT_ANCHOR_FILE", str(VAR_DIR / "audit_anchors.jsonl"))
# The key that signs portable files of students, kept like the other.
STUDENT_FILE_KEY_FILE = env.str("MANZANITA_STUDENT_FILE_KEY_FILE", str(VAR_DIR / "student_file_key"))

# The secret of the sandbox, which everybody can read here, is none for a production system.
_client_secret = env.str("MANZANITA_STATE_CLIENT_SECRET", "")
if PRODUCTION and _client_secret in ("", "sandbox-only") and env.str("MANZANITA_STATE_FORM", "api") == "api":
    raise RuntimeError(
        "Production has no default secret for the state. Set MANZANITA_STATE_CLIENT_SECRET to the one that the state "
        "gave you, or MANZANITA_STATE_FORM=files to send by files, which needs none."
    )

# The state's side. The destination "state" stays closed until its guard finds everything confirmed.
STATE_GATEWAY = {
    "form": env.str("MANZANITA_STATE_FORM", "api"),
    "destination": env.str("MANZANITA_STATE_DESTINATION", "sandbox"),
    "url": env.str("MANZANITA_STATE_URL", "http://127.0.0.1:8801"),
    "client_id": env.str("MANZANITA_STATE_CLIENT_ID", "manzanita"),
    "client_secret": _client_secret or "sandbox-only",
    "timeout_seconds": env.int("MANZANITA_STATE_TIMEOUT_SECONDS", 20),
    "poll_seconds": env.float("MANZANITA_STATE_POLL_SECONDS", 1.0),
    # How long after a request that broke off the state may still act on it. Nothing is sent again before that:
    # longer than a request can last, and longer than the lease of a job.
    "settle_seconds": env.float("MANZANITA_STATE_SETTLE_SECONDS", 120.0),
    # At least so often a state that is away or closed is asked again.
    "longest_pause_seconds": env.float("MANZANITA_STATE_LONGEST_PAUSE_SECONDS", 3600.0),
    "files_dir": env.str("MANZANITA_STATE_FILES_DIR", str(VAR_DIR / "state_files")),
}
# How old a process may take the layouts and codes to be before it looks whether others were loaded; 0: it never looks.
SPECIFICATION_SECONDS = env.float("MANZANITA_SPECIFICATION_SECONDS", 10.0)
# Only crash tests set this: a named point at which the process ends itself once.
CRASH_AT = env.str("MANZANITA_CRASH_AT", "")

# Where lines of the log go beside the terminal, and one of each deed and each look at students: the syslog of this host
# (a socket such as /dev/log), which takes them to another system, or a collector there by TLS (tls://host:6514).
SYSLOG = env.str("MANZANITA_SYSLOG", "")
if SYSLOG.startswith("tls://"):
    _host, _, _port = SYSLOG.removeprefix("tls://").partition(":")
    _syslog = {
        "class": "manzanita.platform.syslog_tls.TlsSyslogHandler",
        "address": (_host, int(_port or 6514)),
        "ca_file": env.str("MANZANITA_SYSLOG_CA", ""),
        "formatter": "lines",
    }
else:
    if SYSLOG and not Path(SYSLOG).is_socket():
        raise RuntimeError(
            f"MANZANITA_SYSLOG is to be the socket of a syslog, or tls://host:port; {SYSLOG} is none."
        )
    _syslog = {
        "class": "logging.handlers.SysLogHandler",
        "address": SYSLOG,
        "facility": "authpriv",
        "formatter": "lines",
    }
_targets = ["console", *(["syslog"] if SYSLOG else [])]

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"lines": {"()": "manzanita.platform.log_lines.LineFormatter"}},
    "handlers": {
        "console": {"class": "logging.StreamHandler", "formatter": "lines"},
        **({"syslog": _syslog} if SYSLOG else {}),
    },
    "root": {"handlers": _targets, "level": env.str("MANZANITA_LOG_LEVEL", "WARNING")},
    "loggers": {
        # Django's own lines about refusals hold the address, in which the token of a mailed link may stand;
        # accounts.refusal_log says it without.
        **{name: {"level": "ERROR"} for name in ("django.request", "django.security.csrf")},
        # What was done and by whom stands in the database; a line of it only goes where lines are shipped.
        "manzanita.deeds": {
            "handlers": _targets[1:],
            "level": "INFO" if SYSLOG else "CRITICAL",
            "propagate": False,
        },
    },
}
