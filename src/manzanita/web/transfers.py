"""Addresses of transfers of students, and of their portable files."""

from django.urls import include, path

urlpatterns = [
    path("", include("manzanita.web.transfer_list")),
    path("", include("manzanita.web.transfer_new")),
    path("", include("manzanita.web.transfer_page")),
    path("", include("manzanita.web.transfer_file_out")),
    path("", include("manzanita.web.transfer_file_in")),
]
