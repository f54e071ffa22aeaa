"""Where every address of the site goes."""

from django.contrib import admin
from django.urls import path

urlpatterns = [path("staff/", admin.site.urls)]
