from django.urls import path

from manzanita.accounts import views, views_step_up

urlpatterns = [
    path("sign-in", views.SignIn.as_view(), name="sign_in"),
    path("sign-out", views.SignOut.as_view(), name="sign_out"),
    path("confirm", views_step_up.confirm_password, name="confirm_password"),
    path("perspective", views.switch_grant, name="switch_grant"),
    path("perspective/schools", views.schools, name="scope_schools"),
]
