"""Addresses of the access of guests: monitors, host sessions, views as a colleague, requested records."""

from django.urls import include, path

urlpatterns = [
    path("", include("manzanita.web.guest_monitors")),
    path("", include("manzanita.web.guest_hosts")),
    path("", include("manzanita.web.guest_view_as")),
    path("", include("manzanita.web.guest_requests")),
]
