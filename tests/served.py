"""The real settings for processes that a test starts, without what only costs time there: people sign in a hundred
times, and the real password hasher takes half a second each time; templates are compiled once in a run."""

import os

from jinja2 import FileSystemBytecodeCache

from manzanita.config.settings import *  # noqa: F403
from manzanita.config.settings import TEMPLATES

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
if _compiled := os.environ.get("COMPILED_TEMPLATES"):
    TEMPLATES[0]["OPTIONS"]["bytecode_cache"] = FileSystemBytecodeCache(_compiled)
