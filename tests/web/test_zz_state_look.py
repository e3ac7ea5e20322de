import os
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
import pytest
from datetime import timedelta
from playwright.sync_api import sync_playwright
from axe_playwright_python.sync_playwright import Axe
from tests.support import world as w
from tests.support.exchange import archive, review_rows
from tests.web.test_state import many_students, rejected
from manzanita.exchange.models import *
from manzanita.exchange.actions import prepare_submission, store_answers
from manzanita.exchange.gateway import Answer
from manzanita.platform.jobs import run_jobs_now

@pytest.fixture
def noon():
    yield None

@pytest.mark.django_db(transaction=True)
def test_look(live_server, small_world, sign_in, settings, tmp_path):
    settings.STATE_GATEWAY = {**settings.STATE_GATEWAY, "files_dir": str(tmp_path)}
    finding = rejected(small_world)
    sub = Submission.objects.get()
    many_students(small_world, 3)
    t = small_world.students["towhee"]
    old = archive(t, [], context={"effects": [{"kind": "nothing", "text": "x", "detail": "The family did not agree to this amendment, so the plan in force stands."}]})
    from manzanita.archive.models import ArchivedRecord
    from manzanita.procedures.correct import correct_record
    row = ArchivedRecord.objects.get(record_key="PLAN|9910017|9900000002|20260302")
    correct_record(actor=small_world.coordinator_actor, row=row, changes={"23.23": "60", "23.33": "Y"}, reason="x")
    client = sign_in(small_world.coordinator)
    cookie = client.cookies["sessionid"].value
    plan = Operation.objects.get(kind="replace")
    rec = ArchivedRecord.objects.get(record_key=finding.record_key)
    line = sub.lines.get(position=4)
    ready = prepare_submission(actor=small_world.coordinator_actor, form="files", destination="state")
    pages = {
        "plan": f"/state?open={plan.pk}", "held": f"/state?held=rejected", "operation": f"/state/operations/{Operation.objects.get(record_key=finding.record_key).pk}",
        "submission": f"/state/submissions/{sub.public_id}?outcome=&open={line.pk}", "refused": f"/state/submissions/{ready.public_id}",
        "findings": "/findings", "finding": f"/findings/{finding.pk}", "correct": f"/corrections/{rec.pk}", "extracts": "/state/extracts",
    }
    files = prepare_submission(actor=small_world.coordinator_actor, form="files", destination="sandbox")
    pages["underway"] = f"/state/submissions/{files.public_id}"
    log = []
    with sync_playwright() as p:
        b = p.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        for width in (1280, 820):
            c = b.new_context(viewport={"width": width, "height": 900})
            c.add_cookies([{"name": "sessionid", "value": cookie, "url": live_server.url}])
            page = c.new_page()
            page.on("console", lambda m: log.append((m.type, m.text[:200])) if m.type in ("error", "warning") else None)
            for name, path in pages.items():
                if name == "plan" and width == 1280: pass
                page.goto(live_server.url + path)
                page.screenshot(path=f"/tmp/m/shots/{name}_{width}.png", full_page=False)
                over = page.evaluate("document.documentElement.scrollWidth > innerWidth || document.querySelector('main').scrollWidth > document.querySelector('main').clientWidth + 1")
                if over: log.append((name, width, "overflows"))
                if width == 1280:
                    r = Axe().run(page)
                    for v in r.response["violations"]:
                        log.append((name, v["id"], v["help"], [n["html"][:160] for n in v["nodes"][:2]]))
            if width == 1280:
                page.goto(live_server.url + pages["correct"])
                page.select_option('[name="25.12"]', "110")
                page.click("button[name=check]")
                page.screenshot(path=f"/tmp/m/shots/checked_{width}.png", full_page=False)
                r = Axe().run(page)
                for v in r.response["violations"]:
                    log.append(("checked", v["id"], v["help"], [n["html"][:160] for n in v["nodes"][:2]]))
                run_jobs_now()
                page.goto(live_server.url + pages["underway"]); page.screenshot(path=f"/tmp/m/shots/files_{width}.png")
                r = Axe().run(page)
                for v in r.response["violations"]:
                    log.append(("files", v["id"], v["help"], [n["html"][:160] for n in v["nodes"][:2]]))
        b.close()
    for l in log: print("LOG", l)
