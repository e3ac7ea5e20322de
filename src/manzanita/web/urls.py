"""All addresses of the site. No SSID and no name ever stands in one."""

from django.urls import include, path

urlpatterns = [
    path("", include("manzanita.accounts.urls")),
]
