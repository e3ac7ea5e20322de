from django.apps import AppConfig


class ExchangeConfig(AppConfig):
    name = "manzanita.exchange"
    label = "exchange"

    def ready(self) -> None:
        from manzanita.platform.holders import Fate, Holder, holds_students

        holds_students(
            [
                Holder("exchange_staterecord", Fate.MOVES, "record that the state holds or held"),
                Holder("exchange_submissionline", Fate.MOVES, "line sent to the state", is_new_work=True),
                Holder("exchange_reportstatus", Fate.MOVES, "choice of what is reported", is_new_work=True),
                Holder("exchange_statefinding", Fate.MOVES, "answer of the state"),
                Holder("exchange_operation", Fate.COUNTED),
            ]
        )
