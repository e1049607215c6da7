"""What all ways of signing in share: challenges, addresses that people type, and when access ends."""

from datetime import UTC, datetime

import pytest

from monitor.platforms.errors import RejectedError
from monitor.platforms.registry import get_platform, platform_codes
from monitor.platforms.signing import App, challenge_of, expires_at, expiry_after, new_verifier, typed_server


def test_the_challenge_is_the_one_of_the_standard() -> None:
    # RFC 7636, appendix B.
    assert challenge_of("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk") == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


def test_a_verifier_is_long_and_never_the_same() -> None:
    made = {new_verifier() for _time in range(50)}
    assert len(made) == 50 and all(43 <= len(verifier) <= 128 for verifier in made)


@pytest.mark.parametrize(
    ("typed", "server"),
    [
        ("social.example", "https://social.example"),
        (" https://Social.Example/ ", "https://social.example"),
        ("@lumora@social.example", "https://social.example"),
        ("social.example:8443", "https://social.example:8443"),
        ("straße.example", "https://xn--strae-oqa.example"),
    ],
)
def test_a_server_may_be_typed_as_people_do(typed: str, server: str) -> None:
    if "ß" in typed:
        # IDNA 2003 writes it out; either spelling is a name that exists.
        assert typed_server(typed) in (server, "https://strasse.example")
    else:
        assert typed_server(typed) == server


@pytest.mark.parametrize(
    "typed",
    ["", "localhost", "http://social.example", "https://a:b@social.example", "https://social.example/@lumora",
     "https://social.example?x=1", "ftp://social.example", "social .example", "https://[::1]",
     "social.example:99999999",
     "javascript:alert(1)", "a" * 300 + ".example", "..example", "https://social.example#x"],
)  # fmt: skip
def test_what_is_no_server_is_refused(typed: str) -> None:
    with pytest.raises(RejectedError) as refused:
        typed_server(typed)
    assert refused.value.code == "bad_server"


def test_the_end_of_access_survives_being_kept() -> None:
    now = datetime(2026, 11, 26, 12, tzinfo=UTC)
    assert expires_at({"expires_at": expiry_after(7200, now)}) == datetime(2026, 11, 26, 14, tzinfo=UTC)
    for strange in (None, "7200", True, -1, 0):
        assert expiry_after(strange, now) == ""
    assert expires_at({}) is None and expires_at({"expires_at": "soon"}) is None


def test_an_app_does_not_show_its_secret() -> None:
    assert "s3cret" not in repr(App("id", "https://desk.example/", "", "", client_secret="s3cret"))


@pytest.mark.parametrize("code", platform_codes())
def test_a_platform_with_a_way_to_sign_in_says_all_about_it(code: str) -> None:
    platform = get_platform(code)
    sign_in = platform.declaration.sign_in
    assert (sign_in is None) == (platform.signing is None)
    if sign_in is not None:
        assert set(sign_in.needed_scopes) <= set(sign_in.scopes) and sign_in.return_code in platform_codes()
    for kind in platform.declaration.channel_kinds:
        names = {name for one in platform.declaration.sets_of(kind) for name in one}
        assert names <= set(platform.declaration.credential_names)
