"""The user-interface kit: style sheet, frame, macros, time line. It knows no model and no student."""

from django.apps import AppConfig


class UiConfig(AppConfig):
    """Registers the static files and Jinja2 templates of the kit."""

    name = "manzanita.ui"
    label = "ui"
    verbose_name = "User interface"
