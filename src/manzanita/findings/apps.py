from django.apps import AppConfig


class FindingsConfig(AppConfig):
    name = "manzanita.findings"
    label = "findings"
