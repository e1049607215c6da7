"""Looking known posts up again, many in one call: Meta never announces some deletions, and webhooks can be lost.

https://developers.facebook.com/docs/graph-api/get-started#read-multiple-objects
"""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from monitor.platforms.base import RawUpdate
from monitor.platforms.errors import MalformedPayloadError, RejectedError
from monitor.platforms.meta.errors import translate
from monitor.platforms.meta.graph import Graph

BATCH = 50
LookElsewhere = Callable[[Sequence[str]], set[str]]


def recheck(
    graph: Graph, platform_ids: Sequence[str], *, fields: str, look_elsewhere: LookElsewhere
) -> list[RawUpdate]:
    """Updates of the kind `lookup`. An id of which Meta says neither "here" nor "gone" is left out.

    "Gone" is also what Meta says of what is not shown to us any more: the word of an author who has closed a profile
    goes as a deletion does. Raises PlatformError.
    """
    wanted = list(dict.fromkeys(each for each in platform_ids if _is_safe(each)))[:BATCH]
    if not wanted:
        return []
    found, missing = _read_together(graph, wanted, fields)
    if missing:
        missing -= look_elsewhere(sorted(missing))
    updates = [RawUpdate("lookup", key, {"id": key, "lookup": node}, _people_in(node)) for key, node in found.items()]
    return updates + [RawUpdate("lookup", key, {"id": key, "is_gone": True}) for key in wanted if key in missing]


def _people_in(node: Mapping[str, Any]) -> tuple[str, ...]:
    person = node.get("from")
    identifier = person.get("id") if isinstance(person, Mapping) else None
    return (str(identifier),) if identifier else ()


def _is_safe(identifier: str) -> bool:
    """Ids go into a list with commas and into paths: what is no id of Meta's is not asked for."""
    return identifier.isascii() and bool(identifier) and all(each.isalnum() or each in "_-" for each in identifier)


def _read_together(graph: Graph, wanted: list[str], fields: str) -> tuple[dict[str, Any], set[str]]:
    """One call. One id that is gone fails it for all: then each is asked for by itself, still in one call."""
    try:
        answer = graph.request(f"{graph.version}/", {"ids": ",".join(wanted), "fields": fields})
    except RejectedError:
        return _read_apart(graph, wanted, fields)
    found = {key: answer[key] for key in wanted if isinstance(answer.get(key), Mapping)}
    return found, {key for key in wanted if key not in answer}


def _read_apart(graph: Graph, wanted: list[str], fields: str) -> tuple[dict[str, Any], set[str]]:
    """https://developers.facebook.com/docs/graph-api/batch-requests: an answer for each, in the order asked."""
    asked = [{"method": "GET", "relative_url": f"{each}?fields={fields}"} for each in wanted]
    answers = graph.request(
        f"{graph.version}/", post_args={"batch": asked, "include_headers": False}, is_write=False, is_list=True
    )
    if not isinstance(answers, list) or len(answers) != len(wanted):
        raise MalformedPayloadError("Meta answered another number of questions than were asked")
    found: dict[str, Any] = {}
    missing: set[str] = set()
    for key, answer in zip(wanted, answers, strict=True):
        # Null: Meta ran out of time for this one.
        if not isinstance(answer, Mapping):
            continue
        body = _body_of(answer)
        if answer.get("code") == 200:
            found[key] = body
        else:
            refusal = translate(_status_of(answer), body, is_write=False, retry_at=None)
            if isinstance(refusal, RejectedError) and refusal.code == "gone":
                missing.add(key)
    return found, missing


def _body_of(answer: Mapping[str, Any]) -> Mapping[str, Any]:
    try:
        body = json.loads(str(answer.get("body") or "{}"))
    except ValueError:
        return {}
    return body if isinstance(body, Mapping) else {}


def _status_of(answer: Mapping[str, Any]) -> int:
    code = answer.get("code")
    return code if isinstance(code, int) else 500
