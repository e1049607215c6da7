"""X's length rules must load in an environment without setuptools, as new virtual environments are."""

import subprocess
import sys


def test_the_length_rules_need_no_pkg_resources() -> None:
    script = (
        "import sys\nsys.modules['pkg_resources'] = None\n"
        "from monitor.text.length import weighted_length\n"
        "print(weighted_length('ok 👍 灯'), 'pkg_resources' in sys.modules and sys.modules['pkg_resources'])"
    )
    told = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert told.stdout == "8 None\n", told.stderr
