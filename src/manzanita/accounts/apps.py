from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "manzanita.accounts"
    label = "accounts"
