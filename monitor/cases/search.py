"""What a case is found by: the words of its posts and the names of who wrote them, kept beside each post of a case.

PostgreSQL's own index over words does it; no extension is needed. `text.search_tokens` parts stored words and queries.
"""

from collections.abc import Sequence

from django.contrib.postgres.search import SearchQuery
from django.db.models import QuerySet

from monitor.cases.models import Case, CasePost
from monitor.cases.reference import LENGTH, read_reference
from monitor.inbox.models import Post
from monitor.text.search import search_tokens


class Beginnings(SearchQuery):
    """Words that begin so, as they are: PostgreSQL's own parser would part what we have parted already."""

    template = "%(expressions)s::tsquery"

    def __init__(self, tokens: Sequence[str]) -> None:
        super().__init__(" & ".join(f"'{token}':*" for token in tokens))


def words_of(post: Post) -> str:
    """The post's words and its author's names, as PostgreSQL reads a `tsvector`."""
    author = post.author
    said = [post.text] if author is None else [post.text, author.name, author.handle]
    # Tokens hold letters and digits only: nothing in them needs to be escaped.
    return " ".join(f"'{token}'" for token in sorted({token for part in said for token in search_tokens(part)}))


def saying(cases: QuerySet[Case], words: Sequence[str], *, with_private: bool) -> QuerySet[Case]:
    """Of these cases those in which every one of the words begins a word, or that have it as reference.

    Without `with_private` only what everybody could read is looked at: searching tells nobody of private words.
    """
    for word in words:
        reference = read_reference(word)
        if len(reference) == LENGTH and cases.filter(reference=reference).exists():
            cases = cases.filter(reference=reference)
        elif tokens := search_tokens(word):
            asked = CasePost.objects.filter(words=Beginnings(tokens))
            asked = asked if with_private else asked.filter(post__is_public=True)
            cases = cases.filter(pk__in=asked.values("case_id"))
    return cases
