from django.apps import AppConfig


class ArchiveConfig(AppConfig):
    name = "manzanita.archive"
    label = "archive"
