from django.apps import AppConfig


class WebConfig(AppConfig):
    name = "manzanita.web"
    label = "web"
