"""Writes of this room: brands, people, channels, switches, ways in."""

from monitor.brands.services.access import (
    create_api_token,
    create_login_link,
    find_login_link,
    login_wait_seconds,
    note_failed_login,
    note_login,
    revoke_api_token,
    use_login_link,
    verify_api_token,
)
from monitor.brands.services.channels import (
    connect_channel,
    connect_import,
    disconnect_channel,
    ensure_streams,
    forget_credentials,
    pause_channel,
    resume_channel,
    rotate_credentials,
    set_channel_state,
)
from monitor.brands.services.health import claim_examinations
from monitor.brands.services.people import create_brand, create_user, set_role, set_switch
from monitor.brands.services.preferences import set_password, set_preferences, set_thresholds
from monitor.brands.services.renewing import open_connector
from monitor.brands.services.teaching import TeachingRefusedError, say_may_teach

__all__ = [
    "TeachingRefusedError",
    "claim_examinations",
    "connect_channel",
    "connect_import",
    "create_api_token",
    "create_brand",
    "create_login_link",
    "create_user",
    "disconnect_channel",
    "ensure_streams",
    "find_login_link",
    "forget_credentials",
    "login_wait_seconds",
    "note_failed_login",
    "note_login",
    "open_connector",
    "pause_channel",
    "resume_channel",
    "revoke_api_token",
    "rotate_credentials",
    "say_may_teach",
    "set_channel_state",
    "set_password",
    "set_preferences",
    "set_role",
    "set_switch",
    "set_thresholds",
    "use_login_link",
    "verify_api_token",
]
