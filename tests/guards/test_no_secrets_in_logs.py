"""Whoever writes a log line gives ids and counts: texts, names and tokens do not even come near."""

import ast
from collections.abc import Iterator

from tests.guards.house import ROOT, modules, tree_of

LEVELS = {"info", "warning", "error", "critical", "exception"}
# What a value may not be called where it goes into a line at INFO or above.
TELLING = {
    "text", "body", "raw", "name", "handle", "author", "email", "token", "secret", "password", "credentials",
    "access_token", "payload", "content", "message", "words", "note",
}  # fmt: skip


# Programs, streams and lanes of work have names too; nobody is hurt when they are told.
OUR_OWN = {"child.program.name", "stream.name", "lane.name", "name"}
# Why a message may be told after all.
TOLD = {"monitor/embedded/supervisor.py": "the operating system says why one of our own programs does not start"}


def log_calls() -> Iterator[tuple[str, ast.Call]]:
    for path in modules():
        for node in ast.walk(tree_of(path)):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and node.func.attr in LEVELS
                and ast.unparse(node.func.value) in {"log", "logger", "self.log"}
            ):
                yield f"{path.relative_to(ROOT)}:{node.lineno}", node


def extra_of(call: ast.Call) -> dict[str, ast.expr]:
    extra = next((word.value for word in call.keywords if word.arg == "extra"), None)
    if not isinstance(extra, ast.Dict):
        return {}
    return {
        str(key.value): value
        for key, value in zip(extra.keys, extra.values, strict=True)
        if isinstance(key, ast.Constant)
    }


def is_our_own(value: ast.expr) -> bool:
    return ast.unparse(value) in OUR_OWN


def told_names(value: ast.expr) -> Iterator[str]:
    """What a value is made of, however deep; how many there are of something is only a number."""
    if isinstance(value, ast.Call) and ast.unparse(value.func) in {"len", "sum"}:
        return
    if is_our_own(value):
        return
    if isinstance(value, ast.Attribute):
        yield value.attr
    if isinstance(value, ast.Name):
        yield value.id
    for child in ast.iter_child_nodes(value):
        if isinstance(child, ast.expr):
            yield from told_names(child)


def test_there_are_lines_to_look_at() -> None:
    assert len(list(log_calls())) > 5


def test_an_event_is_a_constant_name() -> None:
    """A sentence put together at run time could hold anything."""
    loose = [
        place
        for place, call in log_calls()
        if not (call.args and isinstance(call.args[0], ast.Constant) and len(call.args) == 1)
    ]
    assert loose == []


def test_no_line_is_given_words_of_people_or_secrets() -> None:
    telling = [
        f"{place} {key}"
        for place, call in log_calls()
        for key, value in extra_of(call).items()
        if key in TELLING or TELLING & set(told_names(value))
    ]
    assert telling == []


def test_a_value_is_looked_into() -> None:
    hidden = ast.parse("f'{mask(post.text)[:20]}'", mode="eval").body
    assert TELLING & set(told_names(hidden)) == {"text"}
    assert set(told_names(ast.parse("len(post.text)", mode="eval").body)) == set()


def test_everything_else_of_a_line_is_said_with_extra() -> None:
    """`%s` and its arguments, or a stack that quotes the program's own words, would go around this guard."""
    allowed = {"extra", "exc_info"}
    other = [place for place, call in log_calls() if {word.arg for word in call.keywords} - allowed]
    assert other == []


def test_an_error_goes_by_its_kind_and_not_by_its_message() -> None:
    """Messages of platforms and databases quote what they choke on."""
    quoted = {
        place.split(":")[0]
        for place, call in log_calls()
        for key, value in extra_of(call).items()
        if isinstance(value, ast.Call) and ast.unparse(value.func) in {"str", "repr"} and "error" in ast.unparse(value)
    }
    assert quoted == set(TOLD)
