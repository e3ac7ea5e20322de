from django.apps import AppConfig


class PlatformConfig(AppConfig):
    name = "manzanita.platform"
    label = "platform"

    def ready(self) -> None:
        from manzanita.domain.specification import judge_usually
        from manzanita.platform import clock

        judge_usually(clock.academic_year)
