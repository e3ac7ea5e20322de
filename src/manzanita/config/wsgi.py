"""WSGI entry point."""

import os
from importlib import import_module

from django.conf import settings
from django.core.wsgi import get_wsgi_application

from manzanita.platform.memory import keep_what_is_loaded, with_room

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "manzanita.config.settings")
application = with_room(get_wsgi_application())
# The pages, too, which would be loaded for whoever asks first.
import_module(settings.ROOT_URLCONF)
keep_what_is_loaded()
