"""Direct messages are for those who answer: every page that a viewer or an analyst can open is read for a stray word.

The pages are found, not listed: a new page of the console is read here by itself.
"""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from monitor.alerts.services import raise_alert
from monitor.brands.models import Membership, User
from monitor.brands.rights import RIGHTS, role_can
from monitor.brands.services import create_api_token
from monitor.cases.models import Case, CaseConversation, HandOff, Note
from monitor.inbox.models import QuarantinedEvent
from monitor.replies.models import Reply
from tests.guards.test_rights_matrix import VIEWS, _all_routes
from tests.support.desk import analyze, make_author, make_case, make_channel, make_post

CANARY = "kanarienvogel"
TABS = ("active", "flagged", "mine", "waiting", "snoozed", "done", "all")
KINDS = ("", "cased", "uncased", "own", "put_aside")


def _write_private_words(case: Case, bob: Any) -> Reply:
    """Everything that can hold them: the message, what was noted and proposed about it, our own answer."""
    thread = case.deciding_post.conversation
    make_post(case.brand, f"{CANARY} said", conversation=thread, is_public=False, is_own=True, own_by="us")
    Note.objects.create(case=case, author=bob, text=f"{CANARY} noted")
    HandOff.objects.create(case=case, to="email", note=f"{CANARY} handed")
    Case.objects.filter(pk=case.pk).update(tags=[f"{CANARY} tag"])
    return Reply.objects.create(
        brand=case.brand, case=case, conversation=thread, target=case.deciding_post, kind="direct_message",
        state="submitted", text=f"{CANARY} answered", written_by=bob,
    )  # fmt: skip


@pytest.fixture
def private_case(brand: Any, bob: Any) -> Case:
    author = make_author(brand, f"{CANARY} Name", f"{CANARY}_handle", followers=31_337)
    case = make_case(
        brand, f"{CANARY} wrote", is_public=False, author=author, suggestion=f"{CANARY} suggested",
        url=f"https://example.com/{CANARY}",
    )  # fmt: skip
    _write_private_words(case, bob)
    make_post(brand, f"{CANARY} broke", is_public=False, author=author, stage="quarantined", stage_error="x")
    analyze(make_post(brand, f"{CANARY} chatted", is_public=False, author=author), complaint=False)
    body = f'{{"text": "{CANARY} raw"}}'.encode()
    QuarantinedEvent.objects.create(brand=brand, channel=make_channel(brand), source="dm", reason_code="x", body=body)
    raise_alert(brand_id=brand.pk, code="case.escalated", params={"reference": case.reference, "topic": case.topic})
    return case


@pytest.fixture
def mixed_case(brand: Any, bob: Any) -> Case:
    """A public complaint whose author went on in private."""
    case = make_case(brand, "In public.", author=make_author(brand, "Olga Public", "olga"), suggestion="")
    message = make_post(brand, f"{CANARY} went on", is_public=False, author=case.author)
    CaseConversation.objects.create(case=case, conversation=message.conversation, author=None)
    Reply.objects.create(
        brand=brand, case=case, conversation=message.conversation, target=message, kind="direct_message",
        state="sent", text=f"{CANARY} replied", written_by=bob,
    )  # fmt: skip
    Reply.objects.create(
        brand=brand, case=case, conversation=case.deciding_post.conversation, target=case.deciding_post, kind="reply",
        state="sent", text="Said to everybody.", written_by=bob,
    )  # fmt: skip
    Note.objects.create(case=case, author=bob, text=f"{CANARY} quoted")
    return case


def _client_of(role: str, brand: Any) -> Client:
    user = User.objects.create_user(f"{role}@example.com", name=role)
    Membership.objects.create(user=user, brand=brand, role=role)
    client = Client()
    client.force_login(user)
    return client


def _addresses(role: str, case: Case) -> list[str]:
    """Every page below the brand that the role may open, with the choices that change what is listed."""
    routes, replies = dict(_all_routes()), case.replies.all()
    parts = {"slug": case.brand.slug, "reference": case.reference, "public_id": replies[0].public_id}
    found = []
    for name, view in VIEWS.items():
        right = getattr(view, "right", "")
        if right not in RIGHTS or not role_can(role, right):
            continue
        wanted = {part: value for part, value in parts.items() if f":{part}>" in routes[name]}
        if routes[name].count("<") == len(wanted):
            found.append(reverse(name, kwargs=wanted))
    return found


def _with_choices(address: str) -> list[str]:
    choices = {
        "queue": [f"tab={tab}&q={word}" for tab in TABS for word in ("", CANARY, f"@{CANARY}_handle")],
        "news": ["since=1-0", "since=1-0&tab=all"],
        "posts": [f"kind={kind}&q={word}" for kind in KINDS for word in ("", CANARY, f"@{CANARY}_handle")],
        "export": [f"kind={kind}&format={form}" for kind in ("posts", "cases", "trends") for form in ("csv", "jsonl")],
    }
    return [address, *(f"{address}?{query}" for query in choices.get(address.rstrip("/").split("/")[-1], ()))]


def _read(client: Client, address: str) -> str:
    answer = client.get(address)
    return b"".join(answer).decode() if answer.streaming else answer.content.decode()


@pytest.mark.parametrize("role", ["viewer", "analyst"])
def test_no_page_shows_private_words_to_those_who_do_not_answer(
    role: str, brand: Any, private_case: Case, mixed_case: Case
) -> None:
    client = _client_of(role, brand)
    addresses = {address for case in (private_case, mixed_case) for address in _addresses(role, case)}
    assert len(addresses) >= 8
    for address in sorted(choice for page in addresses for choice in _with_choices(page)):
        # The search box gives back what its reader typed.
        words = _read(client, address).replace(f'value="{CANARY}"', "").replace(f'value="@{CANARY}_handle"', "")
        words = words.replace(f"q={CANARY}", "").replace(f"q=%40{CANARY}_handle", "")
        assert CANARY not in words.lower(), f"{address} as {role}"


def test_those_who_answer_read_all_of_it(brand: Any, private_case: Case, mixed_case: Case) -> None:
    as_agent = _client_of("agent", brand)
    page = _read(as_agent, f"/b/lumora/cases/{private_case.reference}/")
    for said in ("wrote", "said", "noted", "handed", "tag", "suggested", "answered", "Name", "_handle"):
        assert f"{CANARY} {said}".replace(" _", "_") in page, said
    assert f"{CANARY} wrote" in _read(as_agent, f"/b/lumora/queue/?q={CANARY}")
    assert f"{CANARY} broke" in _read(as_agent, "/b/lumora/posts/")
    assert f"{CANARY} went on" in _read(as_agent, f"/b/lumora/cases/{mixed_case.reference}/")


def test_a_private_case_is_listed_with_its_labels_and_a_plain_sentence(brand: Any, private_case: Case) -> None:
    words = _read(_client_of("viewer", brand), "/b/lumora/queue/")
    for said in (private_case.reference, "Delivery", "Strong", "A private message: only those who answer can read it."):
        assert said in words
    page = _read(_client_of("analyst", brand), f"/b/lumora/cases/{private_case.reference}/")
    assert "Private messages of this case can be read only by those who answer." in page
    assert "31337" not in page and "31,337" not in page


def test_searching_private_words_finds_nothing_for_those_who_do_not_answer(brand: Any, private_case: Case) -> None:
    client = _client_of("viewer", brand)
    for word in (CANARY, f"@{CANARY}_handle"):
        assert client.get("/b/lumora/queue/", {"q": word, "tab": "all"}).context["page"].cases == []
        assert client.get("/b/lumora/posts/", {"q": word}).context["page"].lines == []
    assert client.get("/b/lumora/queue/", {"q": private_case.reference}).context["page"].cases == [private_case]


def test_what_was_said_in_public_stays_readable_beside_private_messages(brand: Any, mixed_case: Case) -> None:
    page = _read(_client_of("viewer", brand), f"/b/lumora/cases/{mixed_case.reference}/")
    assert "In public." in page and "Said to everybody." in page and "Olga Public" in page


def test_earlier_private_cases_of_a_person_are_not_told(brand: Any, private_case: Case) -> None:
    public = make_case(brand, "Aloud.", author=private_case.author)
    Case.objects.filter(pk=public.pk).update(author=private_case.author)
    viewer, agent = _client_of("viewer", brand), _client_of("agent", brand)
    assert private_case.reference not in _read(viewer, f"/b/lumora/cases/{public.reference}/").split("<aside")[1]
    assert private_case.reference in _read(agent, f"/b/lumora/cases/{public.reference}/").split("<aside")[1]


def test_the_interface_for_programs_names_nobody_who_wrote_in_private(
    brand: Any, private_case: Case, mixed_case: Case
) -> None:
    admin = User.objects.create_user("root@example.com", is_operator=True)
    for role, is_told in (("viewer", False), ("agent", True)):
        _token, secret = create_api_token(brand=brand, name="t", role=role, user=admin)
        client = Client(headers={"Authorization": f"Bearer {secret}"})
        for address in ("posts", "cases", f"cases/{private_case.reference}", f"cases/{mixed_case.reference}"):
            answer = client.get(f"/api/v1/{address}")
            assert answer.status_code == 200
            assert (CANARY in answer.content.decode()) == is_told, f"{address} as {role}"
