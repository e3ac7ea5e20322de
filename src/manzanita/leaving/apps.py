from django.apps import AppConfig


class LeavingConfig(AppConfig):
    name = "manzanita.leaving"
    label = "leaving"

    def ready(self) -> None:
        from django.db.models import Q

        from manzanita.platform.holders import Fate, Holder, holds_students

        holds_students(
            [
                Holder(
                    "leaving_participationreport",
                    Fate.MOVES,
                    "report of participation",
                    once=("lea_code",),
                    where=Q(state="open"),
                    is_new_work=True,
                ),
                Holder(
                    "leaving_leaving",
                    Fate.MOVES,
                    "leaving",
                    once=("lea_code",),
                    where=Q(state="planned"),
                    is_new_work=True,
                ),
                Holder(
                    "leaving_leavingitem",
                    Fate.MOVES,
                    "leaving recorded with others",
                    once=("lea_code",),
                    where=Q(state="waiting"),
                    is_new_work=True,
                ),
            ]
        )
