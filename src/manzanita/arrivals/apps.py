from django.apps import AppConfig


class ArrivalsConfig(AppConfig):
    name = "manzanita.arrivals"
    label = "arrivals"
