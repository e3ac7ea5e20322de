from django.apps import AppConfig


class StudentsConfig(AppConfig):
    name = "manzanita.students"
    label = "students"

    def ready(self) -> None:
        from manzanita.platform.holders import Fate, Holder, holds_students
        from manzanita.students.actions import FACT_MODELS

        holds_students([Holder(model._meta.db_table, Fate.FACTS) for model in FACT_MODELS.values()])
        holds_students(
            [
                Holder("students_namekey", Fate.MOVES, "name to be found by"),
                Holder("students_ssidretirement", Fate.MOVES, "retired SSID", is_new_work=True),
                # What was done to a record, by which it is undone; the pairs are judged anew in the night.
                Holder("students_assignmentchange", Fate.STAYS),
                Holder("students_duplicatepair", Fate.STAYS),
                Holder("students_merge", Fate.STAYS),
                Holder("students_batchline", Fate.STAYS),
                # A list that somebody pasted lasts for days: whoever is meant is found anew by pasting it again.
                Holder("students_pastedline", Fate.STAYS),
                # What the SIS said of a record, it said of that one.
                Holder("students_identitychange", Fate.STAYS),
                Holder("students_identityconflict", Fate.STAYS),
            ]
        )
