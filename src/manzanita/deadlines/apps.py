from django.apps import AppConfig


class DeadlinesConfig(AppConfig):
    name = "manzanita.deadlines"
    label = "deadlines"

    def ready(self) -> None:
        from django.db.models import Q

        from manzanita.deadlines.marks import calendars_have_changed, students_have_changed
        from manzanita.platform.changed import when_calendars_change, when_students_change
        from manzanita.platform.holders import Fate, Holder, holds_students

        when_students_change(students_have_changed)
        when_calendars_change(calendars_have_changed)
        holds_students(
            [
                Holder(
                    "deadlines_delayreason",
                    Fate.MOVES,
                    "delay reason",
                    once=("clock", "due_on"),
                    where=Q(withdrawn_at__isnull=True),
                    is_new_work=True,
                ),
                Holder(
                    "deadlines_contactattempt", Fate.MOVES, "attempt to reach the family", is_new_work=True
                ),
                Holder("deadlines_duedate", Fate.COUNTED),
                Holder("deadlines_stalestudent", Fate.COUNTED),
                Holder("deadlines_heldlate", Fate.COUNTED),
            ]
        )
