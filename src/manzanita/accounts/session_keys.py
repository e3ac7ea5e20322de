"""Under which keys a session keeps what its person chose."""

GRANT = "grant"
LIST_VIEW = "view"
AT_SCHOOL = "at_school"
VIEW_AS = "view_as"
