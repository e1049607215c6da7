"""What an import says of itself: counts, and the rows that were put aside with their line and reason."""

from dataclasses import dataclass, field

SHOWN = 10

REASONS = {
    "row.too_long": "the row is longer than 16 MB",
    "row.not_utf8": "not UTF-8 text",
    "row.not_json": "not JSON",
    "row.not_an_object": "not a JSON object",
    "row.open_quote": "a quote is opened and never closed",
    "row.not_csv": "not CSV",
    "row.too_many_columns": "more columns than the header names",
    "row.no_text": "no text",
    "row.text_is_no_text": "the text is a number, a list or an object",
    "row.text_too_long": "the text is longer than 100,000 characters",
    "row.bad_id": "the id is a number that has lost digits, or no id at all",
    "row.same_id_other_text": "an earlier post has the same id and another text",
}


@dataclass(frozen=True, slots=True)
class Rejection:
    """A row that was put aside: its line in the file and the code of why."""

    line: int
    code: str

    def __str__(self) -> str:
        return f"line {self.line}: {REASONS[self.code]}"


@dataclass(frozen=True, slots=True)
class ImportReport:
    """Rows read = stored + unchanged (known before, or twice in the file) + updated + refused + rejected + wordless
    (stars without a word, in exports of app stores)."""

    platform: str = "import"
    can_teach: bool = False  # whether corrections of these posts teach the brand's model
    rows: int = 0
    stored: int = 0
    unchanged: int = 0
    updated: int = 0
    refused: int = 0
    rejected: int = 0
    undated: int = 0
    wordless: int = 0
    first_rejections: tuple[Rejection, ...] = field(default=())

    def __str__(self) -> str:
        counts = [
            f"{self.rows} rows read",
            f"{self.stored} posts stored",
            f"{self.unchanged} known already",
            f"{self.updated} updated" if self.updated else "",
            f"{self.refused} refused (deleted or erased before)" if self.refused else "",
            f"{self.undated} undated" if self.undated else "",
            f"{self.wordless} stars without a word" if self.wordless else "",
            f"{self.rejected} put aside" if self.rejected else "",
        ]
        lines = [", ".join(count for count in counts if count)]
        lines += [str(rejection) for rejection in self.first_rejections]
        if self.rejected > len(self.first_rejections):
            lines.append(
                f"… and {self.rejected - len(self.first_rejections)} more; the page “Put aside” lists them all"
            )
        return "\n".join(lines)
