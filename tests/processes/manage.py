"""`manage.py` with the failpoints of the environment: `python -m tests.processes.manage …`."""

import sys

import django
from django.core.management import execute_from_command_line

from tests.processes import failpoints

if __name__ == "__main__":
    django.setup()
    failpoints.install()
    execute_from_command_line(sys.argv)
