"""The documents on security say what is so: tests that they name exist, numbers are those of the code, and what is
called absent is absent."""

from __future__ import annotations

import ast
import hashlib
import re
import tomllib
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from django.conf import settings
from django.urls import URLPattern, get_resolver

from manzanita.accounts import breached_passwords, views_recovery
from manzanita.accounts.password_rules import HOUSE_WORDS
from manzanita.config import settings as installed
from manzanita.platform import syslog_tls
from manzanita.web import directory, imports, state_extracts
from tests.support.asvs import FOLDER, ROOT, STATES, requirements, summary

SOURCE = ROOT / "src" / "manzanita"
UI = SOURCE / "ui" / "static" / "ui"
CONTROLS = (FOLDER / "controls.md").read_text(encoding="utf-8")


@cache
def trees() -> dict[str, ast.Module]:
    return {
        str(path.relative_to(SOURCE)): ast.parse(path.read_text(encoding="utf-8"))
        for path in SOURCE.rglob("*.py")
    }


@cache
def imported(tree: ast.Module) -> list[str]:
    names = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names += [one.name for one in node.names]
        elif isinstance(node, ast.ImportFrom):
            names.append(node.module or "")
    return names


@cache
def calls(tree: ast.Module) -> list[tuple[str, ast.Call]]:
    return [(ast.unparse(node.func), node) for node in ast.walk(tree) if isinstance(node, ast.Call)]


def who_imports(*roots: str) -> dict[str, set[str]]:
    """Modules of ours by what they import of these packages."""
    found: dict[str, set[str]] = {}
    for name, tree in trees().items():
        for one in imported(tree):
            if any(one == root or one.startswith(f"{root}.") for root in roots):
                found.setdefault(one, set()).add(name)
    return found


@cache
def functions_of(file: str) -> set[str]:
    tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


# The table


def test_the_table_has_every_requirement_once():
    ids = [row.id for row in requirements()]

    assert len(ids) == len(set(ids)) == 253
    assert all(re.fullmatch(r"\d{1,2}\.\d{1,2}\.\d{1,2}", one) for one in ids)
    # Counted in OWASP's file of version 5.0.0: 70 of level 1, 183 more of level 2.
    assert Counter(row.level for row in requirements()) == {"1": 70, "2": 183}
    assert ids == sorted(ids, key=lambda one: [int(part) for part in one.split(".")])


def test_each_row_says_what_its_state_asks_for():
    wrong = []
    for row in requirements():
        named = row.shown_by.split()
        is_right = {
            "pass": bool(row.tests)
            and all(re.fullmatch(r"tests/[\w/]+\.py::test_\w+", one) for one in named),
            "not applicable": bool(row.shown_by),
            "open": bool(row.note) and not row.shown_by,
        }
        if row.state not in STATES or not is_right[row.state] or not 0 < len(row.subject.split()) <= 10:
            wrong.append(row.id)
    assert wrong == []


def test_every_test_that_is_named_exists():
    named = {test for row in requirements() for test in row.tests}
    missing = [f"{file}::{function}" for file, function in named if function not in functions_of(file)]

    assert len(named) > 100
    assert missing == []


def test_the_summary_is_that_of_the_table():
    assert (FOLDER / "asvs.md").read_text(encoding="utf-8") == summary(), (
        "run: python -m tests.support.asvs > docs/security/asvs.md"
    )


def test_every_test_and_file_of_the_threat_model_exists():
    text = (FOLDER / "threat-model.md").read_text(encoding="utf-8")
    files: dict[str, list[str]] = {}
    for path in (ROOT / "tests").rglob("test_*.py"):
        files.setdefault(path.name, []).append(str(path.relative_to(ROOT)))
    file, checked = "", 0
    for name, function in re.findall(r"`(test_\w+\.py)?::(test_\w+)`", text):
        file = name or file
        assert any(function in functions_of(one) for one in files[file]), f"{file}::{function}"
        checked += 1
    assert checked > 40
    for path in re.findall(
        r"`((?:accounts|auditing|domain|exchange|platform|procedures|students|ui)/[\w/]+\.\w+)`", text
    ):
        assert (SOURCE / path).is_file(), path


# The decisions


def test_the_numbers_of_the_document_are_those_of_the_code():
    passwords = next(one for one in settings.AUTH_PASSWORD_VALIDATORS if "MinimumLength" in one["NAME"])
    for words, value, of_code in (
        ("10 failures for one account", 10, settings.AXES_FAILURE_LIMIT),
        ("for 15 minutes", 15, settings.AXES_COOLOFF_TIME * 60),
        ("at least 15 characters", 15, passwords["OPTIONS"]["min_length"]),
        ("Three mails for a new password an hour", 3, views_recovery.MAILS_PER_HOUR),
        ("Locked after 30 minutes", 30 * 60, settings.IDLE_SECONDS),
        ("over after 12 hours", 12 * 3600, settings.ABSOLUTE_SECONDS),
        ("600 of a person", 600, installed.REQUESTS_A_MINUTE["person"]),
        ("240 of them such as write", 240, installed.REQUESTS_A_MINUTE["writes"]),
        ("1,200 from an address", 1200, installed.REQUESTS_A_MINUTE["address"]),
        ("337,335 long ones", 337_335, breached_passwords.count()),
        ("10,000 lines wait", 10_000, syslog_tls.MOST_WAITING),
        ("20 files of 200 MB each", (20, 200 * 2**20), (imports.MOST_FILES, imports.LARGEST_FILE_BYTES)),
        ("200 MB in all", 200 * 2**20, state_extracts.LARGEST_UPLOAD_BYTES),
        ("one error loads nothing | 2 MB", 2 * 2**20, directory.LARGEST_FILE_BYTES),
        ("Calls to the state end after 20 seconds", 20, settings.STATE_GATEWAY["timeout_seconds"]),
        (
            "to a provider or mail server after 10",
            (10, 10),
            (settings.SOCIALACCOUNT_REQUESTS_TIMEOUT, settings.EMAIL_TIMEOUT),
        ),
    ):
        assert words in CONTROLS
        assert value == of_code, words
    refused = CONTROLS.partition("consists of these words and digits: ")[2].partition(".")[0]
    assert tuple(refused.split(", ")) == HOUSE_WORDS
    assert re.findall(r"^## (.+)$", CONTROLS, re.MULTILINE) == [
        *(
            "Ways in, and what each must prove",
            "Guessing",
            "Sessions",
            "Who may see which student, page and field",
        ),
        *("Input", "What takes long", "Keys and algorithms", "Whom the application talks to"),
        *("Data and its protection", "Logs"),
    ]


def test_the_ways_in_are_those_of_the_document():
    begun = {
        name
        for name, tree in trees().items()
        for called, _ in calls(tree)
        if called in ("begin_session", "enter")
    }

    # The end of every way in, and who leads there: password and passkey, provider; a changed password begins anew.
    assert begun == {"accounts/views.py", "accounts/views_provider.py", "accounts/views_account.py"}
    assert settings.MFA_SUPPORTED_TYPES == ["totp", "webauthn", "recovery_codes"]
    assert [one for one in settings.INSTALLED_APPS if "socialaccount.providers" in one] == [
        "allauth.socialaccount.providers.openid_connect"
    ]
    for words in ("| password |", "| provider of the district (OpenID Connect) |", "| passkey |"):
        assert words in CONTROLS


def test_time_frames_and_the_way_to_report_are_written_down():
    text = (ROOT / "SECURITY.md").read_text(encoding="utf-8")

    assert "private vulnerability reporting" in text and "@" not in text
    assert "critical within 7 days, high within 14, others within 60" in text


# What is not here


def test_technologies_that_are_not_here():
    names = (
        *(
            "graphql",
            "graphene",
            "strawberry",
            "ariadne",
            "channels",
            "daphne",
            "websocket",
            "websockets",
            "wsproto",
        ),
        *(
            "aiortc",
            "webrtc",
            "ldap",
            "ldap3",
            "django_auth_ldap",
            "lxml",
            "xmltodict",
            "defusedxml",
            "saml2",
        ),
        *(
            "onelogin",
            "jpype",
            "py4j",
            "pylatex",
            "memcache",
            "pymemcache",
            "redis",
            "markdown",
            "bleach",
            "docutils",
        ),
        *("oauth2_provider", "authlib", "oauthlib", "allauth.idp", "rest_framework", "ninja"),
    )
    assert who_imports(*names) == {}
    installed = " ".join([*settings.INSTALLED_APPS, *settings.MIDDLEWARE])
    for word in ("graph", "channels", "ldap", "saml", "idp", "oauth2_provider", "rest_framework", "admin"):
        assert word not in installed
    pinned = (ROOT / "constraints.txt").read_text(encoding="utf-8").lower()
    for word in (
        "graphene",
        "strawberry",
        "ariadne",
        "channels",
        "daphne",
        "aiortc",
        "ldap",
        "saml",
        "memcache",
        "redis",
    ):
        assert word not in pinned
    routes = [str(one.pattern).lower() for one in _patterns()]
    assert len(routes) > 60
    for word in (
        "graphql",
        "/ws/",
        "token/",
        "oauth",
        "authorize",
        "saml",
        "logout-token",
        "jwks",
        ".well-known",
    ):
        assert not [one for one in routes if word in f"/{one}" and "sign-in/provider" not in one], word
    caches = getattr(settings, "CACHES", {})
    assert {one["BACKEND"] for one in caches.values()} == {"django.core.cache.backends.locmem.LocMemCache"}


def _patterns(resolver=None) -> Iterator[URLPattern]:
    for one in (resolver or get_resolver()).url_patterns:
        if isinstance(one, URLPattern):
            yield one
        else:
            yield from _patterns(one)


def test_no_module_runs_code_or_commands_from_text():
    forbidden = {
        "eval",
        "exec",
        "compile",
        "__import__",
        "os.system",
        "os.popen",
        "mark_safe",
        "from_string",
        "Template",
    }
    found = {
        (name, called)
        for name, tree in trees().items()
        for called, _ in calls(tree)
        if called in forbidden or called.endswith((".from_string", ".raw", ".extra"))
    }
    # The condition that is handed over is of words of the house alone.
    assert found == {
        ("students/listing.py", "Student.objects.scoped().extra"),
        ("procedures/planned.py", "rows.order_by().extra"),
    }
    assert who_imports("pickle", "marshal", "shelve", "dill", "yaml", "ctypes", "pty") == {}
    # The demo and the bench start our own programs; they are given no text from outside.
    assert who_imports("subprocess") == {"subprocess": {"commands/bench.py", "commands/demo.py"}}
    shells = [
        name
        for name, tree in trees().items()
        for _, call in calls(tree)
        for one in call.keywords
        if one.arg == "shell"
    ]
    assert shells == []


def test_patterns_are_not_made_of_input():
    made = {
        name
        for name, tree in trees().items()
        for called, call in calls(tree)
        if called
        in ("re.compile", "re.match", "re.search", "re.sub", "re.fullmatch", "re.findall", "re.split")
        and not isinstance(call.args[0], ast.Constant)
    }
    # Read one by one: names of record types, words of the house, patterns that are constants of their module, and
    # values that are escaped (``sis_work``).
    assert made == {
        "domain/pasting.py",
        "domain/sis_work.py",
        "domain/layouts/damage.py",
        "accounts/password_rules.py",
        "domain/rules/values.py",
        "domain/name_sounds.py",
    }


def test_cryptography_comes_from_known_libraries():
    assert who_imports("cryptography") == {
        "cryptography.fernet": {"accounts/adapter.py", "accounts/second_factor.py"},
        # Signatures of portable student files.
        "cryptography.exceptions": {"transfers/signing.py"},
        "cryptography.hazmat.primitives.asymmetric.ed25519": {"transfers/signing.py"},
    }
    hashes = {
        ast.unparse(node)
        for tree in trees().values()
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and ast.unparse(node.value) == "hashlib"
    }
    assert hashes == {"hashlib.sha256"}
    assert who_imports("Crypto", "nacl", "rsa", "ssl", "bcrypt", "argon2") == {
        "ssl": {"platform/syslog_tls.py"}
    }
    # Whatever is drawn by a seed stands in what is fictitious.
    drawn = {name.split("/")[0] for names in who_imports("random").values() for name in names}
    assert drawn == {"synthetic", "sandbox"}


def test_no_uploaded_file_is_given_out():
    pages = {name: tree for name, tree in trees().items() if name.startswith(("web/", "accounts/"))}
    gives = {
        name
        for name, tree in pages.items()
        for called, _ in calls(tree)
        if called in ("FileResponse", "read_stored_file", "open")
        or called.endswith((".read_bytes", ".serve"))
    }
    # Lines to the state and lists as files: both were made here. The third is read, and given to nobody.
    assert gives == {"web/state_submissions.py", "web/exports.py", "accounts/breached_passwords.py"}
    assert not [name for name in gives for one in imported(pages[name]) if "import_sis" in one]
    assert settings.MEDIA_URL in ("", "/") and not [one for one in _patterns() if "media" in str(one.pattern)]


# Pages and their scripts


def _templates() -> dict[str, str]:
    return {path.name: path.read_text(encoding="utf-8") for path in SOURCE.rglob("jinja2/**/*.html")}


def _scripts() -> dict[str, str]:
    return {path.name: path.read_text(encoding="utf-8") for path in UI.glob("*.js")}


def test_templates_escape_by_themselves():
    from django.template import engines

    jinja = engines["jinja2"].env
    assert jinja.from_string('{{ a }}<i title="{{ a }}">').render(a="<b>'\"&") == (
        '&lt;b&gt;&#39;&#34;&amp;<i title="&lt;b&gt;&#39;&#34;&amp;">'
    )
    assert len(_templates()) > 60
    for name, text in _templates().items():
        assert not re.search(
            r"\|\s*safe\b|autoescape false|<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=", text
        ), name
        assert not re.search(r"<(?:object|embed|applet|iframe)\b", text), name


def test_pages_load_nothing_from_elsewhere():
    for name, text in _templates().items():
        assert not re.search(
            r"""(?:src|srcset|action)=["'](?:https?:)?//|<link[^>]+href=["'](?:https?:)?//""", text
        ), name
    for path in UI.glob("*.css"):
        assert not re.search(r"url\(\s*[\"']?(?:https?:)?//|@import", path.read_text(encoding="utf-8"))
    for name, text in _scripts().items():
        assert not re.search(r"https?://(?!www\.w3\.org)", text), name


def test_scripts_of_pages_run_nothing_made_of_text():
    forbidden = (
        r"\beval\(|new Function|document\.write|innerHTML|outerHTML|insertAdjacentHTML|postMessage|"
        r"new WebSocket|EventSource|RTCPeerConnection|__proto__"
    )
    assert len(_scripts()) == 6
    for name, text in _scripts().items():
        assert not re.search(forbidden, text), name


def test_the_browser_keeps_two_choices_and_no_data():
    kept = {key for text in _scripts().values() for key in re.findall(r'remember\("(\w+)"', text)}
    assert kept == {"keys", "theme"}
    for name, text in _scripts().items():
        assert not re.search(r"sessionStorage|indexedDB|document\.cookie\s*=|caches\.open", text), name
        assert text.count("setItem(") == (1 if name == "manzanita.js" else 0)


# What it is made of


def _plain(requirement: str) -> str:
    return re.split(r"[<>=\[;~! ]", requirement, maxsplit=1)[0].lower().replace("_", "-")


def test_every_version_is_pinned():
    lines = [
        one
        for one in (ROOT / "constraints.txt").read_text().splitlines()
        if one.strip() and not one.startswith("#")
    ]
    assert all(re.fullmatch(r"[A-Za-z0-9._-]+==[\w.+!-]+", one) for one in lines)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = {_plain(one) for one in [*project["dependencies"], *project["optional-dependencies"]["test"]]}
    assert wanted - {_plain(one) for one in lines} == set()


def test_copied_files_are_those_that_were_looked_at():
    sums = re.findall(r"^([0-9a-f]{64})  (\S+)$", (SOURCE / "ui" / "VENDORED.md").read_text(), re.MULTILINE)
    copied = {str(path.relative_to(UI)) for path in [*UI.glob("vendor/*.js"), *UI.glob("fonts/*.woff2")]}

    assert {name for _, name in sums} == copied
    for expected, name in sums:
        assert hashlib.sha256((UI / name).read_bytes()).hexdigest() == expected, name


def test_links_of_the_documents_lead_somewhere():
    for page in [*FOLDER.glob("*.md"), ROOT / "SECURITY.md"]:
        for link in re.findall(r"\]\(([^)#]+)\)", page.read_text(encoding="utf-8")):
            assert link.startswith("https://") or (page.parent / link).exists(), (page.name, link)
    assert Path(FOLDER / "asvs.csv").is_file()
