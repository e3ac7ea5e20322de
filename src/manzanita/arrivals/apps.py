from django.apps import AppConfig


class ArrivalsConfig(AppConfig):
    name = "manzanita.arrivals"
    label = "arrivals"

    def ready(self) -> None:
        from manzanita.platform.holders import Fate, Holder, holds_students

        holds_students(
            [
                Holder("arrivals_arrival", Fate.MOVES, "arrival", once=("lea_code", "enrolled_on")),
                Holder("arrivals_recordsasked", Fate.MOVES, "request of records", is_new_work=True),
                Holder("arrivals_adoptionitem", Fate.MOVES, "adopted plan", is_new_work=True),
                Holder("arrivals_lookmark", Fate.MOVES, "look that is due", once=("lea_code",)),
            ]
        )
