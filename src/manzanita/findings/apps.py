from django.apps import AppConfig


class FindingsConfig(AppConfig):
    name = "manzanita.findings"
    label = "findings"

    def ready(self) -> None:
        from manzanita.platform.holders import Fate, Holder, holds_students

        # A finding names its student in its identity. The rules judge both records anew: what they say no longer of
        # the one closes, with whatever was said about it, and what they say of the other opens.
        holds_students(
            [
                Holder("findings_changedstudent", Fate.COUNTED),
                Holder("findings_rulefinding", Fate.COUNTED),
            ]
        )
