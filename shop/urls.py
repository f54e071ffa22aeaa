"""Where every address of the site goes."""

from django.conf import settings
from django.contrib import admin
from django.urls import URLPattern, URLResolver, path, re_path
from django.views.i18n import set_language
from django.views.static import serve

from shop import bench, health

handler400 = "shop.error_pages.bad_request"
handler403 = "shop.error_pages.permission_denied"
handler404 = "shop.error_pages.page_not_found"
handler500 = "shop.error_pages.server_error"

# Without a language in the address.
urlpatterns: list[URLPattern | URLResolver] = [
    path("healthz", health.alive),
    path("readyz", health.ready),
    path("staff/language/", set_language, name="staff_language"),
    path("staff/", admin.site.urls),
]

if settings.DEMO or settings.DEBUG:
    # Elsewhere the proxy in front serves photos.
    urlpatterns.append(re_path(r"^media/(?P<path>.+)$", serve, {"document_root": settings.MEDIA_ROOT}))

if settings.BENCH:
    urlpatterns += [path("bench/ok", bench.ok), path("bench/select", bench.select)]
