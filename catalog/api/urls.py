"""The catalogue's resources under /api/v1/."""

from django.urls import path

from catalog.api import views

app_name = "catalog_api"

urlpatterns = [
    path("films/", views.FilmList.as_view(), name="films"),
    path("films/<int:film_id>/", views.FilmDetail.as_view(), name="film"),
    path("editions/<int:edition_id>/", views.EditionDetail.as_view(), name="edition"),
]
