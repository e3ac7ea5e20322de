from django.urls import path

from manzanita.accounts import (
    views,
    views_account,
    views_provider,
    views_recovery,
    views_second_factor,
    views_session,
)

urlpatterns = [
    path("sign-in", views.sign_in, name="sign_in"),
    path("sign-in/passkey", views.sign_in_passkey, name="sign_in_passkey"),
    # The name is allauth's: it builds the address that a provider sends people back to.
    path("sign-in/provider/<slug:provider_id>", views_provider.callback, name="openid_connect_callback"),
    path("sign-in/second-factor", views_second_factor.give, name="second_factor"),
    path("sign-in/second-factor/setup", views_second_factor.setup, name="second_factor_setup"),
    path("sign-in/second-factor/app", views_second_factor.authenticator_app, name="authenticator_app"),
    path("sign-in/second-factor/passkey", views_second_factor.passkey_add, name="passkey_add"),
    path("sign-in/passkey/options", views_second_factor.passkey_options, name="passkey_options"),
    path("sign-in/new-password", views_recovery.ask_password, name="ask_password"),
    path("sign-in/new-password/<str:token>", views_recovery.new_password, name="new_password"),
    path("invitation/<str:token>", views_recovery.invitation, name="invitation"),
    path("sign-out", views.sign_out, name="sign_out"),
    path("perspective", views.switch_grant, name="switch_grant"),
    path("session", views_session.state, name="session_state"),
    path("session/keep-alive", views_session.keep_alive, name="keep_alive"),
    path("session/locked", views_session.locked, name="session_locked"),
    path("session/unlock", views_session.unlock, name="session_unlock"),
    path("session/resumed", views_session.resumed, name="session_resumed"),
    path("account", views_account.account, name="account"),
    path("account/confirm", views_account.confirm_identity, name="confirm_identity"),
    path("account/password", views_account.change_password, name="change_password"),
    path("account/recovery-codes", views_second_factor.recovery_codes, name="recovery_codes"),
    path("account/recovery-codes/new", views_account.recovery_codes_new, name="recovery_codes_new"),
    path("account/app/remove", views_account.app_remove, name="app_remove"),
    path("account/passkeys/<int:pk>/remove", views_account.factor_remove, name="factor_remove"),
    path("account/sessions/<int:pk>/end", views_account.place_end, name="place_end"),
    path("account/sessions/end-others", views_account.places_end, name="places_end"),
    path("account/addresses", views_account.address_add, name="address_add"),
    path("account/addresses/confirm/<str:token>", views_account.address_confirm, name="address_confirm"),
    path("account/addresses/<int:pk>/remove", views_account.address_remove, name="address_remove"),
]
