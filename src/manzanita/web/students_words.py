"""Words that the pages of students share: grades, and what the logs say."""

from manzanita.domain.perspectives import PERSPECTIVES

# Verbs of the change log and codes of the read log, as a person reads them.
ACTION_WORDS = {
    "open_meeting": "Opened a meeting",
    "hold_meeting": "Recorded a meeting as held",
    "record_decision": "Recorded a decision of the family",
    "cancel_meeting": "Canceled a meeting",
    "finalize_meeting": "Finalized a meeting",
    "correct_record": "Corrected an archived record",
    "report_pending": "Reported an evaluation as pending",
    "record_change": "Recorded a change without a meeting",
    "set_report_status": "Set what of an archive is reported",
    "end_report_status": "An archive is reported whole again",
    "say_complete": "Said that the state holds an archive",
    "record_disclosure": "Recorded a disclosure",
    "read_who_saw": "Asked who saw this student",
    "name_student": "Opened to a guest",
    "unname_student": "Closed to a guest",
    "exact-search": "Found by somebody with the exact SSID, or name and birth date",
    "request_record": "Asked for by another agency",
    "grant_record": "Opened to who asked for the record",
    "refuse_record": "Refused to who asked for the record",
    "assign_student": "Assigned to a person",
    "undo_assignment": "An assignment was taken back",
    "send_again": "Set an archive to go to the state once more",
    "add_contact": "Added a contact",
    "record_contact": "Changed a contact",
    "end_contact": "Ended a contact",
    "record_rights": "Recorded who may decide, or may not",
    "end_rights": "Ended a record of who may decide",
    "withdraw_rights": "Took back a record of who may decide",
    "dismiss_finding": "Dismissed a finding",
    "repair_finding": "Mended what a rule objected to, with others",
    "reopen_finding": "Took the dismissal of a finding back",
    "assign_finding": "Gave a finding to somebody",
    "ask_about_finding": "Asked about a finding",
    "answer_finding": "Answered about a finding",
}
READ_WORDS = {
    "student.list": "Seen in a list",
    "student.export": "In an exported list",
    "state.file": "In a file written for upload to the state",
    "student.record": "Record",
    "student.meetings": "Meetings",
    "student.state": "State",
    "student.history": "History",
    "student.field-history": "History of one field",
    "student.disclosures": "Record of disclosures",
    "student.purpose-asked": "Asked for a purpose",
    "student.purpose": "Said why",
    "audit.who-saw": "Seen in a list of who saw whom",
    "student.people": "People",
    "student.why": "Who may see it, and why",
    "student.what-if": "What if a day were another",
    "calendar.what-if": "Seen in a calendar changed in thought",
    "person.students": "On the page of a colleague",
    "contact.confidential": "Confidential address, shown on request",
    "meeting.list": "Seen in the list of meetings",
    "meeting": "Meeting",
    "meeting.open": "Meeting, before opening one",
    "meeting.field": "Meeting, one field",
    "meeting.findings": "Meeting, its findings",
    "meeting.finalize": "Meeting, before finalizing",
    "archive": "Archive",
    "correction": "Correction of an archived record",
    "finding.list": "Seen in the list of findings",
    "finding": "Finding",
    "settle.list": "Seen in the list of findings to settle",
    "settle.finding": "Finding of our rules",
    "settle.repair": "Seen in the preview of a repair",
    "state.plan": "Seen in the state plan",
    "state.operation": "State plan, one line",
    "state.submission": "Lines sent to the state",
    "state.not-reported": "Seen in the list of what is not reported",
    "state.limited": "Seen in a limited send",
    "assignment.preview": "Seen before assigning students",
    "hand-over": "Seen in a hand-over",
    "procedure": "Record, before a change without a meeting",
    "guest.looks": "Seen in the list of what a guest looked at",
    "monitor.pick": "Seen while choosing students for a state monitor",
    "monitor.students": "Seen in the access of a state monitor",
    "request.list": "Seen in the list of requested records",
    "request": "Request for the record",
}


def perspective_words(key: str) -> str:
    """The label of a perspective, also of one that there is no more."""
    known = PERSPECTIVES.get(key)
    return known.label if known else key.replace("_", " ")


def grade_text(code: str) -> str:
    """``4`` for ``04``; other codes (KN, IN ...) as they are."""
    return str(int(code)) if code.isdecimal() else code
