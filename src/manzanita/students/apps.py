from django.apps import AppConfig


class StudentsConfig(AppConfig):
    name = "manzanita.students"
    label = "students"
