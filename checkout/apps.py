from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class CheckoutConfig(AppConfig):
    name = "checkout"
    verbose_name = _("Selling")

    def ready(self) -> None:
        from allauth.account.signals import email_confirmed

        from checkout import signals

        email_confirmed.connect(signals.greet, dispatch_uid="greet")
