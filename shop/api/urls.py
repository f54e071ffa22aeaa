"""The description of the API. Its resources are added by the apps that have them."""

from django.urls import path
from drf_spectacular.views import SpectacularSwaggerSplitView

from shop.api.schema import schema

app_name = "api"

urlpatterns = [
    path("v1/schema/", schema, name="schema"),
    path(
        "docs/",
        SpectacularSwaggerSplitView.as_view(
            url_name="api:schema", authentication_classes=(), permission_classes=(), throttle_classes=()
        ),
        name="docs",
    ),
]
