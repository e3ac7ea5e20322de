from django.apps import AppConfig


class ArchiveConfig(AppConfig):
    name = "manzanita.archive"
    label = "archive"

    def ready(self) -> None:
        from manzanita.platform.holders import Fate, Holder, holds_students

        # Whose an archive is stands beside it, not in it: document and digest stay as they are.
        holds_students(
            [
                Holder("archive_archive", Fate.MOVES, "archive", is_new_work=True),
                Holder("archive_archivedrecord", Fate.MOVES, "archived record"),
            ]
        )
