"""Where every address of the site goes."""

from django.conf import settings
from django.conf.urls.i18n import i18n_patterns
from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path, re_path
from django.views.i18n import set_language

from catalog import views as catalog_views
from checkout.views import stripe_webhook
from shop import bench, demo_mail, health, pages

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
    path("api/", include("shop.api.urls")),
    path("api/v1/", include("catalog.api.urls")),
    path("api/v1/", include("checkout.api.urls")),
    path("stripe/webhook/", stripe_webhook.stripe_webhook, name="stripe_webhook"),
    path("robots.txt", pages.robots, name="robots"),
    path("sitemap.xml", pages.sitemap, name="sitemap"),
]

# English without a prefix, Greek under /el/.
urlpatterns += i18n_patterns(
    path("", catalog_views.home, name="home"),
    path("", include("catalog.urls")),
    path("", include("checkout.urls")),
    path("account/", include("allauth.urls")),
    path("pages/<slug:slug>/", pages.page, name="page"),
    prefix_default_language=False,
)

if settings.DEMO or settings.DEBUG:
    # Elsewhere the proxy in front serves photos.
    urlpatterns.append(re_path(r"^media/(?P<path>.+)$", pages.photo))

if settings.DEMO:
    urlpatterns.append(path("demo/mail/", demo_mail.mails, name="demo_mail"))

if settings.BENCH:
    urlpatterns += [path("bench/ok", bench.ok), path("bench/select", bench.select)]
