"""Uploads by hand: the state's extracts and files of rejected records are read back and matched to what was sent."""

from __future__ import annotations

import time

import httpx
import pytest

from manzanita.domain.layouts.files import parse_record_file
from manzanita.exchange.actions import prepare_submission
from manzanita.exchange.gateway.choice import gateway
from manzanita.exchange.models import Operation, StateFinding, StateRecord, Submission, SubmissionLine
from manzanita.exchange.readback import NotAnExtract, read_back
from manzanita.exchange.rejected import (
    NotRejectedRecords,
    is_rejected_file,
    parse_rejected,
    read_rejected,
)
from manzanita.platform.jobs import run_jobs_now
from tests.support import world as w
from tests.support.exchange import archive, review_rows
from tests.support.system import SECRET, System

pytestmark = pytest.mark.django_db(transaction=True)

UNKNOWN_AGENCY = {"25.12": "400", "25.05": "9970099"}
NEW_SERVICE = (
    "SERV^A^{id}^9910017^{agency}^2026-2027^9900000005^L0005^9901^^415^400^510^20^30^SE-0005^20261123"
)
ERROR = "SERV0447^25.05^The nonpublic agency is not in the list of the department."


def written(world, **serv_415: str) -> Submission:
    archive(world.students["alder"], review_rows(**serv_415))
    submission = prepare_submission(actor=world.coordinator_actor, form="files", destination="sandbox")
    run_jobs_now(raises_errors=True)
    submission.refresh_from_db()
    return submission


class Site:
    """What a person does on the state's site: upload files in order, take home rejected records and extracts."""

    def __init__(self, system: System) -> None:
        self.system = system
        form = {"grant_type": "client_credentials", "client_id": "manzanita", "client_secret": SECRET}
        self.client = httpx.Client(base_url=system.sandbox_address, trust_env=False)
        token = self.client.post("/oauth/token", data=form).json()["access_token"]
        self.client.headers["Authorization"] = f"Bearer {token}"

    def upload(self, submission: Submission) -> bytes:
        """Every file of a submission; the file of rejected records of all of them."""
        rejected = b""
        for file in gateway(form="files", destination="sandbox").files_of(submission.file_name):
            reply = self.client.post(
                "/v1/submissions", content=file.read_bytes(), headers={"X-File-Name": file.name}
            )
            job = reply.json()["job"]
            deadline = time.monotonic() + 10
            while self.client.get(f"/v1/submissions/{job}").json()["status"] != "complete":
                assert time.monotonic() < deadline
                time.sleep(0.02)
            rejected += self.client.get(f"/v1/submissions/{job}/rejected").content
        return rejected

    def extract(self, record: str) -> bytes:
        return self.client.post("/v1/extracts", json={"record": record, "lea": w.LEA, "ssids": None}).content

    def extracts(self) -> list:
        return [
            parse_record_file(self.extract(record), f"ODS_{record}.txt")
            for record in ("SWDS", "MEET", "PLAN", "SERV")
        ]


@pytest.fixture
def site(sandbox) -> Site:
    site = Site(sandbox)
    yield site
    site.client.close()


def outcomes(submission: Submission) -> list[tuple[str, str]]:
    return list(submission.lines.order_by("position").values_list("record", "outcome"))


def everything() -> list:
    """All rows that reading could change."""
    return [
        list(model.objects.order_by("pk").values())
        for model in (Submission, SubmissionLine, StateFinding, StateRecord, Operation)
    ]


def test_an_upload_by_hand_from_written_files_to_equal(world, site):
    actor = world.coordinator_actor
    submission = written(world, **UNKNOWN_AGENCY)
    rejected = site.upload(submission)
    service = submission.lines.get(position=4)
    assert rejected.decode() == (
        f"{NEW_SERVICE.format(id=service.transaction_id, agency='9970099')}^{ERROR}\n"
    )
    assert is_rejected_file(rejected)

    read = read_rejected(actor=actor, rows=parse_rejected(rejected, "rejected.txt"))
    assert (read.noted, read.noted_before, list(read.left_out)) == (1, 0, [])
    (finding,) = StateFinding.objects.all()
    assert (finding.rule_code, finding.fields, finding.values, finding.record_key) == (
        "SERV0447",
        ["25.05"],
        {"25.05": "9970099"},
        "SERV|9910017|9900000005|20261123|415|400|510",
    )
    result = read_back(actor=actor, files=site.extracts())
    assert (result.posted_by_id, result.posted_by_key, result.waiting, list(result.left_out)) == (3, 0, 0, [])
    assert outcomes(submission) == [
        ("MEET", "posted"),
        ("PLAN", "posted"),
        ("SERV", "posted"),
        ("SERV", "rejected"),
    ]
    submission.refresh_from_db()
    assert submission.state == "done"
    assert list(Operation.objects.values_list("record", "hold_code")) == [("SERV", "rejected")]

    before = everything()
    again = read_rejected(actor=actor, rows=parse_rejected(rejected, "rejected.txt"))
    assert (again.noted, again.noted_before, list(again.left_out)) == (0, 1, [])
    result = read_back(actor=actor, files=site.extracts())
    assert (result.posted, result.waiting) == (0, 0)
    assert everything() == before


def test_without_a_local_record_id_lines_are_matched_by_key(world, site):
    actor = world.coordinator_actor
    submission = written(world, **UNKNOWN_AGENCY)
    rejected = site.upload(submission).decode()
    for transaction in submission.lines.values_list("transaction_id", flat=True):
        rejected = rejected.replace(transaction, "")
    rows = parse_rejected(rejected.encode(), "rejected.txt")
    assert read_rejected(actor=actor, rows=rows).noted == 1
    before = everything()
    again = read_rejected(actor=actor, rows=rows)
    assert (again.noted, again.noted_before, list(again.left_out)) == (0, 1, [])
    assert everything() == before

    blank = [
        parse_record_file(
            b"".join(
                b"^".join([*line.split(b"^")[:2], b"", *line.split(b"^")[3:]])
                for line in site.extract(record).splitlines(keepends=True)
            ),
            f"ODS_{record}.txt",
        )
        for record in ("MEET", "PLAN", "SERV")
    ]
    result = read_back(actor=actor, files=blank)
    assert (result.posted_by_id, result.posted_by_key, result.waiting) == (0, 3, 0)


def test_a_line_that_the_state_changed_is_posted_by_its_id_and_the_difference_stays_to_be_sent(world, site):
    submission = written(world)
    site.upload(submission)
    changed = site.extract("PLAN").replace(
        b"^20261123^1^210^290^MMSN^^^^400^^^85^", b"^20261123^1^210^290^MMSN^^^^400^^^70^"
    )
    result = read_back(actor=world.coordinator_actor, files=[parse_record_file(changed, "ODS_PLAN.txt")])
    assert (result.posted_by_id, result.posted_by_key) == (1, 0)
    assert StateRecord.objects.get(record_key="PLAN|9910017|9900000005|20261123").values["23.23"] == "70"
    operation = Operation.objects.get(record="PLAN")
    assert (operation.kind, operation.hold_code, operation.values["23.23"]) == ("replace", "", "85")


def test_what_matches_nothing_of_ours_is_listed_with_file_line_and_reason(world):
    actor = world.coordinator_actor
    submission = written(world)
    plan = submission.lines.get(record="PLAN")
    read_back(
        actor=actor,
        files=[
            parse_record_file(
                w.extract_text("PLAN", [*w.state_rows()["PLAN"], plan.values | {"23.01": ""}]).encode(),
                "P.txt",
            )
        ],
    )
    strange = NEW_SERVICE.format(id="MZ000000000000000000000000", agency="9970099")
    by_key = NEW_SERVICE.format(id="", agency="").replace("9900000005", "9900000002")
    posted = f"PLAN^A^{plan.transaction_id}^9910017" + "^" * 31
    text = "".join(f"{line}^{ERROR}\n" for line in (strange, by_key)) + f"{posted}^PLAN0726^23.16^Needs it.\n"
    read = read_rejected(actor=actor, rows=parse_rejected(text.encode(), "rejected.txt"))
    assert (read.noted, read.noted_before) == (0, 0)
    assert [(one.file, one.line, one.record, one.text, one.owner) for one in read.left_out] == [
        (
            "rejected.txt",
            1,
            "SERV",
            "No line of an upload from here has the Local Record ID MZ000000000000000000000000.",
            "SEDS coordinator",
        ),
        ("rejected.txt", 2, "SERV", "No line of an upload from here has this key.", "SEDS coordinator"),
        (
            "rejected.txt",
            3,
            "PLAN",
            "It names line 2 of the file written on 11/23/2026, which the state's extract has shown as posted.",
            "SEDS coordinator",
        ),
    ]
    assert all(one.way_out for one in read.left_out)

    nobody = w.plan("alder", "20261001", **{"23.06": "9900099999"})
    theirs = w.plan("alder", "20261002", **{"23.03": "MZffffffffffffffffffffffff"})
    rows = [*w.state_rows()["PLAN"], nobody, theirs]
    result = read_back(actor=actor, files=[parse_record_file(w.extract_text("PLAN", rows).encode(), "P.txt")])
    assert [(one.line, one.text.split(",")[0], one.owner) for one in result.left_out] == [
        (5, "Its SSID belongs to nobody known here.", "SIS staff"),
        (
            6,
            "Its Local Record ID MZffffffffffffffffffffffff looks like one of ours",
            "SEDS coordinator",
        ),
    ]
    assert result.other_lea == 1


GOOD = f"{NEW_SERVICE.format(id='MZ1', agency='9970099')}^{ERROR}\n"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        pytest.param(
            GOOD + GOOD[:60] + "\n",
            "r.txt, line 2 has 11 columns; a rejected SERV has 17, then code, field and text of its error.",
            id="cut off",
        ),
        pytest.param(GOOD + "what\n", 'r.txt, line 2 starts with "what"', id="no record"),
        pytest.param(
            GOOD + GOOD.replace("^25.05^", "^Bluebell^"), 'line 2: "SERV0447" and "Bluebell"', id="no field"
        ),
        pytest.param(
            GOOD + GOOD.replace("^9910017^", "^9910025^"),
            "r.txt, line 2 is of 9910025, and you work for 9910017.",
            id="another LEA",
        ),
    ],
)
def test_a_file_of_rejected_records_that_is_wrong_is_refused_whole_with_its_line(world, text, words):
    submission = written(world, **UNKNOWN_AGENCY)
    own = submission.lines.get(position=4).transaction_id
    text = text.replace("MZ1", own, 1)
    with pytest.raises(NotRejectedRecords) as refused:
        read_rejected(actor=world.coordinator_actor, rows=parse_rejected(text.encode(), "r.txt"))
    assert words in str(refused.value)
    assert {outcome for _, outcome in outcomes(submission)} == {"waiting"}


def test_a_file_of_rejected_records_that_is_not_utf_8_names_the_line(world):
    with pytest.raises(NotRejectedRecords, match=r"r\.txt, line 2: a character is not UTF-8"):
        parse_rejected(GOOD.encode() + b"SERV^\xff^", "r.txt")


@pytest.mark.parametrize(
    ("rows", "damage", "words"),
    [
        pytest.param(
            [w.plan("sage", "20260110", w.OTHER_LEA)],
            "",
            "P.txt holds nothing of 9910017: line 1 is of 9910025.",
            id="another LEA's",
        ),
        pytest.param(
            [w.plan("alder", "20251114")],
            "PLAN-R^^^9910017^2025",
            "P.txt is damaged, and nothing of it was read. Line 2 has 5 fields",
            id="cut off",
        ),
    ],
)
def test_an_extract_that_is_not_whole_or_not_ours_is_refused_with_its_line(world, rows, damage, words):
    text = w.extract_text("PLAN", rows) + damage
    before = everything()
    with pytest.raises(NotAnExtract) as refused:
        read_back(actor=world.coordinator_actor, files=[parse_record_file(text.encode(), "P.txt")])
    assert words in str(refused.value)
    assert everything() == before
