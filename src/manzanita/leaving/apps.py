from django.apps import AppConfig


class LeavingConfig(AppConfig):
    name = "manzanita.leaving"
    label = "leaving"
