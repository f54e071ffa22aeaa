"""Bearer keys: who calls, and what they may do."""

from django.contrib.auth.models import AnonymousUser
from rest_framework.authentication import BaseAuthentication
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.views import APIView

from shop import problems
from shop.models import ApiKey


class KeyAuthentication(BaseAuthentication):
    """`Authorization: Bearer <key>`. Without the header the caller is anonymous; a wrong key is always refused."""

    def authenticate(self, request: Request) -> tuple[AnonymousUser, ApiKey] | None:
        scheme, _separator, secret = request.headers.get("Authorization", "").partition(" ")
        if not scheme:
            return None
        key = ApiKey.find(secret.strip()) if scheme.lower() == "bearer" else None
        if key is None:
            raise problems.KeyNotAccepted
        key.note_use()
        return AnonymousUser(), key

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"


class HasScope(BasePermission):
    """Asks for the scope that the view names for the method, if it names one."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        scope = getattr(view, "scopes", {}).get(request.method)
        if scope is None:
            return True
        if not isinstance(request.auth, ApiKey):
            raise problems.AuthenticationRequired
        if scope not in request.auth.scopes:
            raise problems.ScopeMissing(scope=scope)
        return True
