from django.apps import AppConfig


class AuditingConfig(AppConfig):
    name = "manzanita.auditing"
    label = "auditing"
