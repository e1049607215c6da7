"""Credentials at rest."""

import pytest

from monitor.brands.sealing import SealBrokenError, rotate, seal, unseal

SECRET = {"access_token": "EAAB-very-secret", "app_secret": "päßwort"}


def test_what_is_sealed_is_opened_again_and_unreadable_between():
    sealed = seal(SECRET)
    assert b"very-secret" not in sealed
    assert dict(unseal(sealed)) == SECRET
    assert seal(SECRET) != sealed


def test_a_channel_without_credentials_has_none():
    assert dict(unseal(None)) == dict(unseal(b"")) == {}


@pytest.mark.parametrize("shown", [repr, str, "{}".format, "{0!r}".format])
def test_no_secret_is_ever_shown(shown):
    words = shown(unseal(seal(SECRET)))
    assert "access_token" in words
    assert "secret-" not in words and "very-secret" not in words


def test_old_keys_open_until_they_are_taken_off_the_list(settings):
    settings.CREDENTIAL_KEYS = ["old"]
    sealed = seal(SECRET)
    settings.CREDENTIAL_KEYS = ["new", "old"]
    assert dict(unseal(sealed)) == SECRET
    renewed = rotate(sealed)
    settings.CREDENTIAL_KEYS = ["new"]
    assert dict(unseal(renewed)) == SECRET
    with pytest.raises(SealBrokenError):
        unseal(sealed)
    with pytest.raises(SealBrokenError):
        rotate(sealed)


def test_a_changed_byte_is_noticed():
    sealed = bytearray(seal(SECRET))
    sealed[40] ^= 1
    with pytest.raises(SealBrokenError) as broken:
        unseal(bytes(sealed))
    assert broken.value.__suppress_context__
