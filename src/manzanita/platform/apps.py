from django.apps import AppConfig


class PlatformConfig(AppConfig):
    name = "manzanita.platform"
    label = "platform"

    def ready(self) -> None:
        from django.conf import settings

        from manzanita.domain.specification import judge_usually

        judge_usually(settings.STATE_YEAR)
