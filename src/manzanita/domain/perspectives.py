"""The perspectives, F1 to F22, as data: whom each is for, whom it reaches, what it may do, who may give it.

The order is that of preference: somebody with several begins with the first.
"""

from __future__ import annotations

from types import MappingProxyType

from manzanita.domain.access import Capability, Designation, Perspective, Relationship, Scope, View

_READ = frozenset({Capability.READ_STUDENT})
# Whoever sees the student every day knows first that it has left.
_TELL = _READ | {Capability.REPORT_PARTICIPATION}
_MEET = _TELL | {Capability.HOLD_MEETING, Capability.FINALIZE_MEETING}
_HERE = frozenset({Relationship.ATTENDING})
# Whoever is to come, and whoever was to come by now and is in no SIS file yet.
_COMING = frozenset({Relationship.NEXT_YEAR, Relationship.EXPECTED})
# Whoever the district has: an infant may be in no school's book yet.
_OURS = _HERE | {Relationship.INFANT}
_DISTRICT = (
    _OURS
    | _COMING
    | {
        Relationship.ACCOUNTABILITY,
        Relationship.REPORTING,
        Relationship.RESIDENCE,
        Relationship.LOCATION,
        Relationship.FORMER,
    }
)
_CASELOAD = (
    _OURS
    | _COMING
    | {
        Relationship.ACCOUNTABILITY,
        Relationship.LOCATION,
        # In August who was here until June is in no SIS file yet, and the window of that year has closed.
        Relationship.REPORTING,
        Relationship.FORMER,
    }
)
_ALL_VIEWS = (View.CURRENT, View.INCOMING, View.LEAVING, View.DSEA_OR_ATTENDING, View.ALL)
_SERVED = frozenset({Relationship.SERVICE_AGENCY})
_NONPUBLIC = frozenset({"nps", "npa"})

PERSPECTIVES = MappingProxyType(
    {
        perspective.key: perspective
        for perspective in (
            Perspective(
                "coordinator",
                "F4",
                "SEDS coordinator",
                "The person who keeps a district's special education records true at the state",
                Scope.AGENCY,
                _DISTRICT,
                # What holds for a whole SELPA no single district decides.
                frozenset(Capability) - {Capability.SET_POLICIES, Capability.DECIDE_DIRECTORY},
                views=_ALL_VIEWS,
                granted_by=frozenset({"selpa"}),
            ),
            Perspective(
                "selpa",
                "F5",
                "SELPA",
                "Staff of the SELPA office who oversee its districts",
                Scope.SELPA,
                _DISTRICT,
                _READ
                | {
                    Capability.EXPORT_LIST,
                    Capability.APPROVE_EXPORT,
                    Capability.MANAGE_PEOPLE,
                    Capability.VIEW_AS,
                    Capability.READ_AUDIT,
                    Capability.SET_POLICIES,
                    Capability.TRANSFER_STUDENT,
                    Capability.DECIDE_DIRECTORY,
                },
                agency_kinds=frozenset({"selpa"}),
                granted_by=frozenset({"selpa"}),
                views=_ALL_VIEWS,
                asks_purpose=True,
            ),
            Perspective(
                "reporting_lea",
                "F6",
                "Reporting LEA",
                "Staff who send and correct what this LEA reports, wherever the students attend",
                Scope.AGENCY,
                frozenset({Relationship.REPORTING}),
                _READ | {Capability.CORRECT_RECORD, Capability.SEND_TO_STATE},
                views=(View.ALL,),
            ),
            Perspective(
                "dsea",
                "F7",
                "DSEA",
                "Staff of the district of special education accountability, for students served elsewhere",
                Scope.AGENCY,
                frozenset({Relationship.ACCOUNTABILITY}),
                _READ | {Capability.EXPORT_LIST},
                views=(View.ALL,),
                reads_all_leas=True,
            ),
            Perspective(
                "residence",
                "F8",
                "District of residence",
                "Staff who follow students living in the district who are taught elsewhere",
                Scope.AGENCY,
                frozenset({Relationship.RESIDENCE}),
                _READ,
                views=(View.ALL,),
                reads_all_leas=True,
            ),
            Perspective(
                "location",
                "F9",
                "District of location",
                "Staff of the district in which the student is served",
                Scope.AGENCY,
                frozenset({Relationship.LOCATION}),
                _READ,
                views=(View.ALL,),
                reads_all_leas=True,
            ),
            Perspective(
                "school",
                "F10",
                "School",
                "Principals and office of one or several schools",
                Scope.SCHOOL,
                _HERE | _COMING,
                _TELL | {Capability.ASSIGN_STUDENTS, Capability.EDIT_CONTACTS, Capability.EXPORT_LIST},
                views=(View.CURRENT, View.INCOMING),
            ),
            Perspective(
                "site_provider",
                "F2",
                "Site provider",
                "A provider for all students of a school: its psychologist, its nurse",
                Scope.SCHOOL,
                _HERE,
                _MEET,
                asks_purpose=True,
            ),
            Perspective(
                "district_provider",
                "F3",
                "District provider",
                "A provider or program specialist for all students of the district",
                Scope.AGENCY,
                _DISTRICT - {Relationship.FORMER},
                _MEET,
                views=(View.CURRENT, View.INCOMING, View.DSEA_OR_ATTENDING, View.ALL),
                asks_purpose=True,
            ),
            Perspective(
                "case_manager",
                "F1",
                "Case manager",
                "The teacher or specialist who runs the meetings of assigned students",
                Scope.ASSIGNED,
                _CASELOAD,
                _MEET,
            ),
            Perspective(
                "private_school",
                "F11",
                "Private school",
                "Staff of a private school, for its students with a service plan",
                Scope.AGENCY,
                frozenset({Relationship.LOCATION}),
                _TELL,
                agency_kinds=frozenset({"private_school"}),
                granted_by=frozenset({"coordinator", "selpa"}),
                views=(View.ALL,),
                reads_all_leas=True,
            ),
            Perspective(
                "npa_provider",
                "F12",
                "NPA provider",
                "A provider of a nonpublic agency, for the students assigned, of whatever district",
                Scope.ASSIGNED,
                _SERVED,
                _TELL,
                agency_kinds=frozenset({"npa"}),
                granted_by=frozenset({"coordinator", "selpa"}),
                reads_all_leas=True,
            ),
            Perspective(
                "nps_administrator",
                "F13",
                "NPS administrator",
                "The administrator of a nonpublic school, for all students placed there",
                Scope.AGENCY,
                _SERVED,
                _TELL,
                agency_kinds=_NONPUBLIC,
                # It reaches the students of every district there, so that no single district gives it.
                granted_by=frozenset({"selpa"}),
                views=(View.ALL,),
                reads_all_leas=True,
            ),
            Perspective(
                "nps_provider",
                "F14",
                "NPS provider",
                "A teacher or provider of a nonpublic school, for the students assigned",
                Scope.ASSIGNED,
                _SERVED,
                _TELL,
                agency_kinds=_NONPUBLIC,
                reads_all_leas=True,
            ),
            Perspective(
                "cde_monitor",
                "F15",
                "CDE monitor",
                "A monitor of the state (FMTA), for named students and a period",
                Scope.NAMED,
                frozenset(),
                _READ,
                granted_by=frozenset({"coordinator"}),
                longest_days=90,
                is_read_only=True,
                reads_all_leas=True,
                watermark="State monitor",
            ),
            Perspective(
                "requested_record",
                "",
                "Requested record",
                "Staff of another agency, for the students whose record they asked for, of what this LEA recorded",
                Scope.NAMED,
                frozenset(),
                _READ,
                granted_by=frozenset({"coordinator"}),
                longest_days=30,
                is_read_only=True,
                watermark="Requested record",
            ),
            Perspective(
                "family",
                "F16",
                "Family",
                "A rights holder or adult student; the family's own pages are still to come",
                Scope.NAMED,
                frozenset(),
                frozenset(),
                granted_by=frozenset(),
                is_read_only=True,
            ),
            Perspective(
                "sis_staff",
                "F17",
                "SIS staff",
                "The people who keep the student information system and deliver its files",
                Scope.NOBODY,
                frozenset(),
                frozenset({Capability.IMPORT_FILES, Capability.EDIT_CALENDARS, Capability.ASK_DIRECTORY}),
            ),
            Perspective(
                "office_clerk",
                "F18",
                "Office clerk",
                "The special education office, which keeps contacts and assignments",
                Scope.AGENCY,
                _OURS | _COMING,
                _TELL | {Capability.EDIT_CONTACTS, Capability.ASSIGN_STUDENTS, Capability.TRANSFER_STUDENT},
                views=(View.CURRENT, View.INCOMING),
            ),
            Perspective(
                "translator",
                "F19",
                "Translator",
                "A translator or interpreter, for the students assigned",
                Scope.ASSIGNED,
                _CASELOAD,
                _READ,
                reads_all_leas=True,
            ),
            Perspective(
                "section_504_coordinator",
                "F20",
                "504 / SST coordinator",
                "The coordinator of 504 plans and student study teams; those records are still to come",
                Scope.NOBODY,
                frozenset(),
                frozenset(),
                designations=frozenset({Designation.PLAN_504, Designation.SST}),
            ),
            Perspective(
                "host_staff",
                "F21",
                "Host staff",
                "Staff of whoever runs this installation; they see nothing until a district approves a session",
                Scope.NOBODY,
                frozenset(),
                frozenset(),
                agency_kinds=frozenset({"lea", "coe", "selpa"}),
                granted_by=frozenset(),
            ),
            Perspective(
                "host_session",
                "F21",
                "Host staff, approved session",
                "Host staff inside a session that the district approved, for at most four hours",
                Scope.AGENCY,
                _HERE,
                _READ,
                granted_by=frozenset({"coordinator"}),
                longest_days=1,
                views=(View.CURRENT,),
                is_read_only=True,
            ),
            Perspective(
                "former_lea",
                "F22",
                "Former LEA",
                "Staff who finish and correct what this LEA reported of students who have left",
                Scope.AGENCY,
                frozenset({Relationship.FORMER}),
                _READ | {Capability.CORRECT_RECORD, Capability.SEND_TO_STATE},
                views=(View.LEAVING,),
            ),
        )
    }
)
