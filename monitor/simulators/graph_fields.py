"""Graph's field expressions: `id,comments.filter(stream).limit(50){id,from}` as fields with their arguments."""

from dataclasses import dataclass


class FieldSyntaxError(ValueError):
    """The expression is not one that Graph would read."""


@dataclass(frozen=True, slots=True)
class Field:
    name: str
    arguments: tuple[tuple[str, str], ...] = ()
    fields: "tuple[Field, ...]" = ()

    def argument(self, name: str, default: str = "") -> str:
        return dict(self.arguments).get(name, default)


def parse_fields(text: str) -> tuple[Field, ...]:
    """Raises FieldSyntaxError."""
    fields, rest = _parse_list(text.replace(" ", ""))
    if rest:
        raise FieldSyntaxError(f"Syntax error at {rest[:20]!r}")
    return fields


def _parse_list(text: str) -> tuple[tuple[Field, ...], str]:
    fields = []
    while text and text[0] not in "}":
        field, text = _parse_field(text)
        fields.append(field)
        if text.startswith(","):
            text = text[1:]
    return tuple(fields), text


def _parse_field(text: str) -> tuple[Field, str]:
    name, text = _take_name(text)
    arguments = []
    while text.startswith("."):
        modifier, text = _take_name(text[1:])
        if not text.startswith("(") or ")" not in text:
            raise FieldSyntaxError(f"Expected an argument after {modifier!r}")
        value, _, text = text[1:].partition(")")
        arguments.append((modifier, value))
    fields: tuple[Field, ...] = ()
    if text.startswith("{"):
        fields, text = _parse_list(text[1:])
        if not text.startswith("}"):
            raise FieldSyntaxError("A brace is not closed")
        text = text[1:]
    return Field(name, tuple(arguments), fields), text


def _take_name(text: str) -> tuple[str, str]:
    end = next((at for at, char in enumerate(text) if not (char.isalnum() or char == "_")), len(text))
    if end == 0:
        raise FieldSyntaxError(f"Expected a field at {text[:20]!r}")
    return text[:end], text[end:]
