"""The real settings for processes that a test starts, with a password hasher that costs nothing: people sign in a
hundred times, and the real one takes half a second of it each time."""

from manzanita.config.settings import *  # noqa: F403

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
