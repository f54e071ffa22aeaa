"""The settings tests run with: the demo's, whatever the environment of whoever runs them says."""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

for name in (
    "ALLOWED_HOSTS",
    "API_KEY_REQUESTS_PER_MINUTE",
    "API_REQUESTS_PER_MINUTE",
    "BASE_URL",
    "BENCH",
    "DEBUG",
    "ECB_FEED_URL",
    "EMAIL_URL",
    "MEDIA_URL",
    "PORT",
    "PROXIES",
    "SECRET_KEY",
    "STRIPE_API_BASE",
    "STRIPE_SECRET_KEY",
    "STRIPE_WEBHOOK_SECRET",
):
    os.environ.pop(name, None)
os.environ["DEMO"] = "1"

# After the environment is set, which the settings read.
from shop.embedded_database import TESTS  # noqa: E402
from shop.settings import *  # noqa: E402, F403
from shop.settings import DATABASES, EMBEDDED, STORAGES  # noqa: E402

if DATABASES["default"]["ENGINE"] == EMBEDDED["ENGINE"]:
    DATABASES["default"]["HOST"] = str(TESTS.socket_folder)

ALLOWED_HOSTS = ["testserver", "localhost", "127.0.0.1"]
# Hashing is slow on purpose, which proves nothing here.
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
MEDIA_ROOT = Path(tempfile.mkdtemp(prefix="shop-tests-media-"))
atexit.register(shutil.rmtree, MEDIA_ROOT, ignore_errors=True)
STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
# Without a built static folder, which whitenoise would warn about.
WHITENOISE_AUTOREFRESH = True
# Limits are tested where they are set low.
API_REQUESTS_PER_MINUTE = API_KEY_REQUESTS_PER_MINUTE = 1_000_000
