"""Django's PostgreSQL backend, starting the embedded server at the first connection of a process."""

from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.db.backends.postgresql import base

from shop.embedded_database import SHOP, TESTS, EmbeddedDatabaseError

SERVERS = {str(server.socket_folder): server for server in (SHOP, TESTS)}


class DatabaseWrapper(base.DatabaseWrapper):
    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        try:
            SERVERS[self.settings_dict["HOST"]].acquire()
        except EmbeddedDatabaseError as error:
            raise ImproperlyConfigured(str(error)) from error
        return super().get_new_connection(conn_params)
