from django.apps import AppConfig


class AuditingConfig(AppConfig):
    name = "manzanita.auditing"
    label = "auditing"

    def ready(self) -> None:
        from manzanita.platform.holders import Fate, Holder, holds_students

        # A log is sealed and stays true: whoever reads it of one student asks for every key that the student has had.
        tables = (
            "auditing_readevent",
            "auditing_changeevent",
            "auditing_disclosure",
            "auditing_exportedstudent",
        )
        holds_students([Holder(table, Fate.STAYS) for table in tables])
