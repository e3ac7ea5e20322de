from django.apps import AppConfig


class DeadlinesConfig(AppConfig):
    name = "manzanita.deadlines"
    label = "deadlines"

    def ready(self) -> None:
        from manzanita.deadlines.marks import calendars_have_changed, students_have_changed
        from manzanita.platform.changed import when_calendars_change, when_students_change

        when_students_change(students_have_changed)
        when_calendars_change(calendars_have_changed)
