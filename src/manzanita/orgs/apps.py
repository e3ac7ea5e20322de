from django.apps import AppConfig


class OrgsConfig(AppConfig):
    name = "manzanita.orgs"
    label = "orgs"
