"""The settings of processes that tests start: the demo's, without a built static folder, files in the test's own."""

import os
from pathlib import Path

from shop.settings import *  # noqa: F403
from shop.settings import STORAGES

MEDIA_ROOT = Path(os.environ["MEDIA_FOLDER"])
STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
WHITENOISE_AUTOREFRESH = True
