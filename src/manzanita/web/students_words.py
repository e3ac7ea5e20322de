"""Words that the pages of students share: grades, and what the logs say."""

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
    "assign_student": "Assigned to a person",
    "undo_assignment": "An assignment was taken back",
    "send_again": "Set an archive to go to the state once more",
}
READ_WORDS = {
    "student.list": "Seen in a list",
    "student.record": "Record",
    "student.meetings": "Meetings",
    "student.state": "State",
    "student.history": "History",
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
    "state.plan": "Seen in the state plan",
    "state.operation": "State plan, one line",
    "state.submission": "Lines sent to the state",
    "state.not-reported": "Seen in the list of what is not reported",
    "state.limited": "Seen in a limited send",
    "assignment.preview": "Seen before assigning students",
    "hand-over": "Seen in a hand-over",
    "procedure": "Record, before a change without a meeting",
}


def grade_text(code: str) -> str:
    """``4`` for ``04``; other codes (KN, IN ...) as they are."""
    return str(int(code)) if code.isdecimal() else code
