"""Addresses of the catalogue; `/el/` is put before them for Greek."""

from django.urls import path

from catalog import views

app_name = "catalog"

urlpatterns = [
    path("dvds/", views.browse, name="browse"),
    path("dvds/<str:sku>/", views.listing_short, name="listing_short"),
    path("dvds/<str:sku>/<str:slug>/", views.listing, name="listing"),
    path("films/<int:film_id>/<str:slug>/", views.film, name="film"),
    path("people/<int:person_id>/<str:slug>/", views.person, name="person"),
    path("programmes/", views.programmes, name="programmes"),
    path("programmes/<slug:slug>/", views.programme, name="programme"),
    path("grades/", views.grades, name="grades"),
    path("will-it-play/", views.playback_help, name="playback_help"),
    path("player/", views.player, name="player"),
]
