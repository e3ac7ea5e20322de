from django.apps import AppConfig


class TransfersConfig(AppConfig):
    name = "manzanita.transfers"
    label = "transfers"
