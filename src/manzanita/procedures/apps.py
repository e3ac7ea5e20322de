from django.apps import AppConfig


class ProceduresConfig(AppConfig):
    name = "manzanita.procedures"
    label = "procedures"
