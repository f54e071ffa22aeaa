"""The shop's own application with the failpoints of the environment."""

from shop.wsgi import application
from tests.processes import failpoints

failpoints.install()
__all__ = ["application"]
