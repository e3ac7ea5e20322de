from django.apps import AppConfig


class TransfersConfig(AppConfig):
    name = "manzanita.transfers"
    label = "transfers"

    def ready(self) -> None:
        from manzanita.platform.holders import Fate, Holder, holds_students

        # Of a student who is being transferred no records are put together.
        holds_students([Holder("transfers_studenttransfer", Fate.MOVES, "transfer", is_new_work=True)])
