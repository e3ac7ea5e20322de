"""The real settings for a test run: data in a folder that vanishes, nothing taken from the environment but the
database, and a password hasher that costs nothing."""

import atexit
import os
import shutil
import tempfile

_var = tempfile.mkdtemp(prefix="manzanita-tests-")
atexit.register(shutil.rmtree, _var, ignore_errors=True)
for _name in [name for name in os.environ if name.startswith(("MANZANITA_", "SANDBOX_"))]:
    del os.environ[_name]
# Tests run side by side; a pool of threads in each of them would only wait for the other's.
os.environ["POLARS_MAX_THREADS"] = "1"
# Before the settings are read, and inherited by processes that a test starts.
os.environ["MANZANITA_VAR"] = _var
# Templates that one process of this run compiled, none compiles again: it takes seconds. The first process makes the
# folder, and the others inherit it.
_compiled = os.environ.setdefault("COMPILED_TEMPLATES", f"{_var}/templates")
os.makedirs(_compiled, mode=0o700, exist_ok=True)

from jinja2 import FileSystemBytecodeCache  # noqa: E402

from manzanita.config.settings import *  # noqa: E402, F403

# A test that loads a workbook puts it in force itself; no other test pays a query for looking.
SPECIFICATION_SECONDS = 0
# Some tests ask for every page there is within a minute.
REQUESTS_A_MINUTE = {"person": 100_000, "writes": 100_000, "address": 100_000}
TEMPLATES[0]["OPTIONS"]["bytecode_cache"] = FileSystemBytecodeCache(_compiled)  # noqa: F405
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):  # noqa: F405
    # A file, as in production: in memory, threads would share one connection's locks.
    DATABASES["default"]["TEST"] = {"NAME": f"{_var}/test.sqlite3"}  # noqa: F405
