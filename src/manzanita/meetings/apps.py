from django.apps import AppConfig


class MeetingsConfig(AppConfig):
    name = "manzanita.meetings"
    label = "meetings"

    def ready(self) -> None:
        from manzanita.platform.holders import Fate, Holder, holds_students

        holds_students(
            [
                Holder("meetings_meeting", Fate.MOVES, "meeting", is_new_work=True),
                Holder("meetings_plannedmeeting", Fate.MOVES, "planned meeting", is_new_work=True),
            ]
        )
