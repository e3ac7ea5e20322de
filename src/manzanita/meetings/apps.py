from django.apps import AppConfig


class MeetingsConfig(AppConfig):
    name = "manzanita.meetings"
    label = "meetings"
