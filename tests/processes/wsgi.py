"""The shop's own application, with one function replaced where the environment says so."""

import os

from shop.wsgi import application
from tests.processes import failpoints

if replacement := os.environ.get("REPLACEMENT"):
    failpoints.replace(replacement)
__all__ = ["application"]
