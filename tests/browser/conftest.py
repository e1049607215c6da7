"""A real Chromium, the real application served by uvicorn on the test database, and the pages as people use them."""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from playwright.sync_api import BrowserContext, ConsoleMessage, Page, expect

from tests.support.lacking import skip_for_lack_of

CHROMIUMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run",
    "--disable-component-update", "--disable-sync", "--disable-quic",
)  # fmt: skip
# Playwright's synchronous interface runs an event loop in the test's thread; Django must not mistake that for async.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for one in items:
        if here in one.path.parents:
            one.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def chromium_path() -> str:
    """Where the browser is. Missing: a skip with a word for it; on a build machine a failure."""
    named = os.environ.get("MENTIONDESK_TEST_CHROMIUM", "")
    found = named or next((path for name in CHROMIUMS if (path := shutil.which(name))), "")
    if found:
        return found
    skip_for_lack_of(f"No Chromium found (looked for {', '.join(CHROMIUMS)}; MENTIONDESK_TEST_CHROMIUM can name one).")


@pytest.fixture(scope="session")
def base_url() -> str:
    """Instead of the plugin's own, which pytest 9 warns of; addresses here are whole."""
    return ""


@pytest.fixture(scope="session")
def browser_type_launch_args(chromium_path: str) -> dict[str, Any]:
    return {"executable_path": chromium_path, "args": list(FLAGS)}


@pytest.fixture(scope="session")
def live_address(
    django_db_setup: None, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """The application in a process of its own: http://127.0.0.1:<port>."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    log = tmp_path_factory.mktemp("web") / "web.log"
    command = [
        sys.executable,
        "-m",
        "uvicorn",
        "monitor.asgi:application",
        "--port",
        str(port),
        "--log-level",
        "warning",
    ]
    with log.open("w") as out:
        server = subprocess.Popen(command, env=_environment(), stdout=out, stderr=subprocess.STDOUT)
    address = f"http://127.0.0.1:{port}"
    try:
        _wait_for(f"{address}/login/", server, log)
        yield address
    finally:
        server.terminate()
        server.wait(timeout=20)


def _environment() -> dict[str, str]:
    """The test's own settings, but the database that the test run made."""
    database = urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{connection.settings_dict['NAME']}").geturl()
    return os.environ | {
        "DATABASE_URL": database,
        "MENTIONDESK_SECRET_KEY": settings.SECRET_KEY,
        "MENTIONDESK_CREDENTIAL_KEYS": ",".join(settings.CREDENTIAL_KEYS),
        "REDIS_URL": "none",
    }


def _wait_for(address: str, server: subprocess.Popen[bytes], log: Path) -> None:
    for _try in range(240):
        if server.poll() is not None:
            break
        try:
            urllib.request.urlopen(address, timeout=5)  # noqa: S310  (our own address)
            return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.25)
    pytest.fail(f"the application did not answer:\n{log.read_text()[-3000:]}")


def _is_a_complaint(said: ConsoleMessage) -> bool:
    """Leaving a page ends its requests, which htmx calls an error; a network that fails says ``sendError``."""
    left = said.text.startswith(("htmx:sendAbort", "htmx:afterRequest"))
    return said.type == "error" and not left


@pytest.fixture
def open_as(context: BrowserContext, live_address: str, transactional_db: None) -> Iterator[Callable[..., Page]]:
    """A page of somebody who is logged in. Whatever the browser complains of fails the test."""
    complaints: list[str] = []

    def open_page(user: Any, path: str = "/") -> Page:
        client = Client()
        client.force_login(user)
        session = client.cookies[settings.SESSION_COOKIE_NAME].value
        context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": session, "url": live_address}])
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(f"error: {error}"))
        page.on("dialog", lambda dialog: (complaints.append(f"dialog: {dialog.message}"), dialog.dismiss()))
        page.on("console", lambda said: complaints.append(said.text) if _is_a_complaint(said) else None)
        page.goto(f"{live_address}{path}")
        return page

    yield open_page
    assert complaints == []


class QueuePage:
    """The queue as somebody sees it."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def row(self, reference: str) -> Any:
        return self.page.locator(f'[data-case="{reference}"]')

    @property
    def references(self) -> list[str]:
        rows = self.page.locator("#cases [data-case]")
        return [str(rows.nth(place).get_attribute("data-case")) for place in range(rows.count())]

    @property
    def news(self) -> Any:
        return self.page.locator("#news")

    def open_case(self, reference: str) -> "CasePage":
        self.row(reference).locator(".words").click()
        return CasePage(self.page)


class CasePage:
    """The page of a case: write, look over, send."""

    def __init__(self, page: Page) -> None:
        self.page = page

    @property
    def editor(self) -> Any:
        return self.page.locator("#answer-text")

    @property
    def count(self) -> Any:
        return self.page.locator("#measure .meter")

    def write(self, text: str) -> None:
        self.editor.fill(text)

    def look_over(self) -> None:
        self.page.get_by_role("button", name="Look it over and send").click()
        expect(self.page.get_by_role("heading", name="This is what will be sent")).to_be_visible()

    def send(self) -> None:
        self.page.get_by_role("button", name="Send now").click()
        expect(self.page.get_by_text("Approved. It is on its way.")).to_be_visible()

    def thread(self) -> list[str]:
        return self.page.locator(".thread .bubble").all_inner_texts()
