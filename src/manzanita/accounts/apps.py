from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "manzanita.accounts"
    label = "accounts"

    def ready(self) -> None:
        from django.db.models import Q

        from manzanita.accounts.last_sign_in import use_own_clock
        from manzanita.platform.holders import Fate, Holder, holds_students

        use_own_clock()
        holds_students(
            [
                Holder("accounts_grantstudent", Fate.MOVES, "guest who was let in", once=("grant_id",)),
                Holder(
                    "accounts_recordrequest",
                    Fate.MOVES,
                    "request of another district",
                    once=("asked_by_id", "agency_id"),
                    where=Q(state="asked"),
                    is_new_work=True,
                ),
            ]
        )
