from django.apps import AppConfig


class PlatformConfig(AppConfig):
    name = "manzanita.platform"
    label = "platform"
