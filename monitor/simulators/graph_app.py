"""The fake Graph's answers about the app itself: its token, its subscriptions, people's ids, many nodes in one call."""

import json
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qsl

from monitor.simulators.graph_errors import GraphError
from monitor.simulators.graph_facts import ADMIN_USER_ID, APP_ID, SUBSCRIBABLE
from monitor.simulators.world import PAGE_ID, World

Read = Callable[[str, Mapping[str, str]], Any]
_MOST_AT_ONCE = 50


def describe_app() -> dict[str, str]:
    return {"id": APP_ID, "name": "Mentiondesk"}


def debug_token(world: World, args: Mapping[str, str], *, known_token: str, is_app: bool) -> dict[str, Any]:
    """Only for the app itself, as for developers of it."""
    if not is_app:
        raise GraphError("(#100) You must provide an app access token", 100)
    if args.get("input_token") != known_token:
        return {"data": {"is_valid": False, "scopes": [], "error": {"code": 190, "message": "Invalid OAuth token."}}}
    expires_at = world.graph.expires_at
    told = {
        "app_id": APP_ID,
        "type": "PAGE",
        "application": "Mentiondesk",
        "is_valid": not world.is_revoked,
        "expires_at": int(expires_at.timestamp()) if expires_at else 0,
        "data_access_expires_at": 0,
        "scopes": sorted(world.graph.scopes),
        "user_id": ADMIN_USER_ID,
        "profile_id": PAGE_ID,
    }
    return {"data": told}


def subscribed_apps(world: World) -> dict[str, Any]:
    _check_manager(world)
    listed = dict(world.graph.other_apps)
    if world.graph.subscribed_fields:
        listed = {APP_ID: world.graph.subscribed_fields, **listed}
    return {"data": [{"id": app, "name": app, "subscribed_fields": fields} for app, fields in listed.items()]}


def subscribe(world: World, args: Mapping[str, str]) -> dict[str, bool]:
    """What is asked for takes the place of what was."""
    _check_manager(world)
    fields = [each for each in args.get("subscribed_fields", "").split(",") if each]
    strange = [each for each in fields if each not in SUBSCRIBABLE]
    if strange or not fields:
        raise GraphError("(#100) Param subscribed_fields must be one of the known fields", 100)
    world.graph.subscribed_fields = fields
    return {"success": True}


def unsubscribe(world: World) -> dict[str, bool]:
    """The page pushes nothing to this app any more; other apps go on."""
    _check_manager(world)
    world.graph.subscribed_fields = []
    return {"success": True}


def _check_manager(world: World) -> None:
    if "pages_manage_metadata" not in world.graph.scopes:
        raise GraphError("(#200) Requires pages_manage_metadata permission to manage the object", 200, status=403)


def ids_for_pages(world: World, user_id: str) -> dict[str, Any]:
    known = world.graph.page_scoped_ids.get(user_id)
    return {"data": [{"id": known, "page": {"id": PAGE_ID, "name": "Lumora"}}] if known else []}


def read_many(read: Read, args: Mapping[str, str]) -> dict[str, Any]:
    """`?ids=`: one that is missing fails them all."""
    wanted = args["ids"].split(",")
    if len(wanted) > _MOST_AT_ONCE:
        raise GraphError("(#100) Too many IDs. Maximum: 50.", 100)
    return {each: read(each, args) for each in wanted}


def run_batch(read: Read, args: Mapping[str, str]) -> list[dict[str, Any]]:
    """Each question has an answer of its own, as the text of a body."""
    asked = json.loads(args["batch"])
    if not isinstance(asked, list) or len(asked) > _MOST_AT_ONCE:
        raise GraphError("(#100) Too many requests in batch message. Maximum batch size is 50", 100)
    answers = []
    for each in asked:
        path, _, query = str(each.get("relative_url", "")).partition("?")
        try:
            code, body = 200, read(path, dict(parse_qsl(query)))
        except GraphError as error:
            code, body = error.status, {"error": error.body}
        except ValueError as error:
            code, body = 400, {"error": {"message": str(error), "type": "OAuthException", "code": 100}}
        answers.append({"code": code, "body": json.dumps(body)})
    return answers
