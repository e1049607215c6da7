"""Names say what things are. These words, alone, say nothing."""

from tests.guards.house import ROOT, modules, names_given, tree_of

BANNED = {"data", "info", "item", "items", "obj", "manager", "helper", "helpers", "utils", "util", "process", "handle"}
BANNED |= {"account", "accounts", "misc", "stuff", "tmp", "foo"}

# "path:name" → why that name stands there.
GIVEN: dict[str, str] = {
    "monitor/platforms/meta/facebook_reader.py:item": "Meta's own field of that name",
    **{
        f"monitor/nlp/train/{module}.py:data": "the folder of labelled data, as `--data` calls it"
        for module in ("calibrate", "export", "folds", "languages", "linear", "plan", "ranges", "train")
    },
}
# As a noun "handle" is a profile's @name, as platforms call it; as a verb it stays banned (see below).
NOUNS = {"handle"}


def test_no_name_says_nothing() -> None:
    found = []
    for path in modules():
        place = str(path.relative_to(ROOT))
        for line, name in names_given(tree_of(path)):
            bare = name.strip("_").lower()
            if bare in BANNED - NOUNS and f"{place}:{name}" not in GIVEN:
                found.append(f"{place}:{line} {name}")
    assert found == []


def test_no_module_is_named_for_nothing() -> None:
    assert [str(path.relative_to(ROOT)) for path in modules() if path.stem.strip("_") in BANNED] == []


def test_handle_is_never_a_verb() -> None:
    import ast

    verbs = [
        f"{path.relative_to(ROOT)}:{node.lineno} {node.name}"
        for path in modules()
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.name.strip("_").split("_")[0] in {"handle", "process"}
    ]
    assert verbs == []
