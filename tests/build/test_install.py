"""The installer: uv must see the package index and certificates that pip is set to."""

import importlib.util
from pathlib import Path
from typing import Any


def load() -> Any:
    spec = importlib.util.spec_from_file_location("install", Path(__file__).parents[2] / ".ci" / "install.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_settings_of_pip_reach_uv() -> None:
    told = (
        "global.index-url='https://packages.example/simple'\n"
        "global.extra-index-url='https://a.example/simple\\nhttps://b.example/simple'\n"
        "global.find-links='/srv/wheels /srv/more'\n"
        "install.constraint='/etc/constraints.txt'\n"
        ":env:.cert='/etc/ssl/ours.pem'\n"
        ":env:.disable-pip-version-check='1'\n"
    )
    assert load().translate(told) == {
        "UV_DEFAULT_INDEX": "https://packages.example/simple",
        "UV_INDEX": "https://a.example/simple https://b.example/simple",
        "UV_INDEX_STRATEGY": "unsafe-best-match",
        "UV_FIND_LINKS": "/srv/wheels,/srv/more",
        "UV_CONSTRAINT": "/etc/constraints.txt",
        "SSL_CERT_FILE": "/etc/ssl/ours.pem",
    }


def test_what_the_environment_says_wins_over_the_file() -> None:
    told = "global.index-url='https://file.example'\n:env:.index-url='https://environment.example'\n"
    assert load().translate(told) == {"UV_DEFAULT_INDEX": "https://environment.example"}


def test_how_much_is_fetched_is_told_before_and_torch_is_much(monkeypatch: Any, capsys: Any) -> None:
    install = load()
    done = install.subprocess.CompletedProcess([], 0, "", "")
    monkeypatch.setattr(install.subprocess, "run", lambda *_words, **_settings: done)
    assert install.install_with_uv(["pip"], ".[dev,train]", install.SIZES["train"])
    assert "(with torch, up to 4 GB where nothing is cached)" in capsys.readouterr().err
    assert install.SIZES.keys() == install.EXTRAS.keys()


def test_pip_without_settings_changes_nothing() -> None:
    assert load().translate("") == {}
