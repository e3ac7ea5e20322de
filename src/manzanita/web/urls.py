"""All addresses of the site. No SSID and no name ever stands in one."""

from django.urls import include, path

urlpatterns = [
    path("", include("manzanita.accounts.urls")),
    path("", include("manzanita.web.home")),
    path("", include("manzanita.web.home_districts")),
    path("", include("manzanita.web.news")),
    path("", include("manzanita.web.guests")),
    path("", include("manzanita.web.arrivals")),
    path("", include("manzanita.web.enrollment_help")),
    path("", include("manzanita.web.students")),
    path("", include("manzanita.web.referral")),
    path("", include("manzanita.web.transfers")),
    path("", include("manzanita.web.what_if")),
    path("", include("manzanita.web.due")),
    path("", include("manzanita.web.exports")),
    path("", include("manzanita.web.export_approvals")),
    path("", include("manzanita.web.viewing_blocks")),
    path("", include("manzanita.web.meetings")),
    path("", include("manzanita.web.planner")),
    path("", include("manzanita.web.imports")),
    path("", include("manzanita.web.state")),
    path("", include("manzanita.web.settle")),
    path("", include("manzanita.web.compliance")),
    path("", include("manzanita.web.rules")),
    path("", include("manzanita.web.why")),
    path("", include("manzanita.web.audit")),
    path("", include("manzanita.web.directory_requests")),
    path("", include("manzanita.web.agreements")),
    path("", include("manzanita.web.directory")),
    path("", include("manzanita.web.calendars")),
    path("", include("manzanita.web.what_if_school")),
    path("", include("manzanita.web.policies")),
    path("", include("manzanita.web.upkeep")),
    path("", include("manzanita.web.people")),
]

handler403 = "manzanita.web.access.forbidden"
handler404 = "manzanita.web.access.not_found"
handler500 = "manzanita.web.access.server_error"
