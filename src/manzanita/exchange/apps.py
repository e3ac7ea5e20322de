from django.apps import AppConfig


class ExchangeConfig(AppConfig):
    name = "manzanita.exchange"
    label = "exchange"
