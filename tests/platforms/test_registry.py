import subprocess
import sys

import pytest

from monitor.platforms.registry import UnknownPlatformError, get_platform, platform_codes


@pytest.mark.parametrize("code", platform_codes())
def test_every_platform_declares_itself_under_its_code(code):
    declaration = get_platform(code).declaration
    assert declaration.code == code
    assert declaration.credential_names and declaration.channel_kinds and declaration.reply_limit


def test_an_unknown_code_names_the_known_ones():
    with pytest.raises(UnknownPlatformError, match=r"'myspace'.*x, facebook, instagram, mastodon, bluesky, feed"):
        get_platform("myspace")


def test_no_client_library_is_imported_before_a_platform_is_asked_for():
    program = (
        "import sys, monitor.platforms.registry; sys.exit(bool({'tweepy', 'facebook', 'mastodon'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
