"""What the shop asks of a password."""

from django.contrib.auth.password_validation import MinimumLengthValidator
from django.utils.translation import ngettext


class MinimumLength(MinimumLengthValidator):
    """Django's check, refusing in Greek too: Django's own Greek lacks the sentence."""

    def get_error_message(self) -> str:
        return ngettext(
            "Too short: use at least %(n)d character.", "Too short: use at least %(n)d characters.", self.min_length
        ) % {"n": self.min_length}
