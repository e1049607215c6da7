"""What a brand's posts tell `learn`: what people said of them, and posts drawn from those that nobody corrected.

Posts with the same words (handles, links and numbers aside) are one lesson. Which posts may teach, `teaching` says.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, Final

from django.db.models import BigIntegerField, Count, Exists, F, Func, OuterRef, Q, QuerySet, Value

from monitor.analysis.allotting import allot
from monitor.analysis.models import Analysis, Correction, SampledPost
from monitor.analysis.samples import weighed_verdicts
from monitor.analysis.selectors import from_word
from monitor.brands.models import Brand
from monitor.inbox.models import Post
from monitor.nlp.labels import HEADS
from monitor.text.fingerprint import fingerprint

if TYPE_CHECKING:
    from monitor.nlp.learning import Lesson

#: The newest corrected posts that are read, the newest verdicts on drawn posts, and the uncorrected posts that stand
#: for all the others.
MOST_CORRECTED: Final = 5000
MOST_JUDGED: Final = 2000
UNCORRECTED: Final = 2000
_BATCH: Final = 128
_SEED: Final = 7


@dataclass(frozen=True, slots=True)
class Gathered:
    lessons: "list[Lesson]"
    corrected_posts: int
    left_out: int  # corrected posts that may not teach


@dataclass(slots=True)
class _Said:
    """What people said of a post: head → number of the label. `unknown`: heads of which it can tell nothing."""

    labels: dict[str, int] = field(default_factory=dict)
    unknown: set[str] = field(default_factory=set)


@dataclass(slots=True)
class _Text:
    """All posts with the same words; `post` is the newest of those that people judged."""

    post: Post
    said: _Said = field(default_factory=_Said)
    weight: float = 0.0
    drawn: float = 0.0
    authors: set[int | None] = field(default_factory=set)

    def add(self, post: Post, said: _Said, weight: float, drawn: float) -> None:
        """The newest first: its verdicts count."""
        self.said.labels = said.labels | self.said.labels
        self.said.unknown |= said.unknown
        self.weight += weight
        self.drawn += drawn
        self.authors.add(post.author_id)


def gather(*, brand: Brand, engine: Any, allowed: Q) -> Gathered:
    """`allowed` says which posts may teach. Without a single usable verdict nothing else is read."""
    verdicts = Correction.objects.filter(post_id=OuterRef("pk"), is_current=True, field__in=HEADS)
    posts = _alive(brand).filter(Exists(verdicts))
    left_out = posts.exclude(allowed).count()
    corrected = list(posts.filter(allowed).exclude(text="").order_by("-pk")[:MOST_CORRECTED])
    said = _corrections(corrected)
    taught = sum(bool(said[post.pk].labels) for post in corrected)
    if not taught:
        return Gathered([], 0, left_out)
    sample = weighed_verdicts(brand.pk, most=MOST_JUDGED)
    judged = (
        _alive(brand).filter(allowed, pk__in=list(sample)).exclude(text="").exclude(Exists(verdicts)).order_by("-pk")
    )
    uncorrected = _uncorrected(brand, allowed)
    weighed = [*((post, 1.0) for post in [*corrected, *judged]), *uncorrected]
    _leave_out_own_topics(said, [post for post, _ in weighed])
    for post, _ in weighed:
        if post.pk in sample:
            word = "yes" if sample[post.pk].is_complaint else "no"
            said.setdefault(post.pk, _Said()).labels.setdefault("complaint", HEADS["complaint"].index(word))
    texts = _texts(weighed, said, {pk: verdict.stands_for for pk, verdict in sample.items()})
    return Gathered(_lessons(engine, texts), taught, left_out)


def _alive(brand: Brand) -> QuerySet[Post]:
    return Post.objects.filter(brand=brand, deleted_at__isnull=True, is_own=False)


def _corrections(posts: Sequence[Post]) -> dict[int, _Said]:
    """Post → what its corrections say of the words that it has now. A brand's own topic is none of the head's labels,
    a verdict on words that were edited since is none on these, and what was guessed from another verdict is nobody's
    word: of such heads the post tells nothing."""
    said = {post.pk: _Said() for post in posts}
    versions = {post.pk: post.version for post in posts}
    rows = Correction.objects.filter(post_id__in=versions, is_current=True, field__in=HEADS).values_list(
        "post_id", "field", "value", "post_version", "is_implied"
    )
    for post_id, head, word, version, is_implied in rows:
        value = from_word(head, word)
        label = {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)
        # "No complaint" implies that nothing is grave or urgent; which intent or severity is meant, it does not tell.
        is_guess = is_implied and ((head == "intent" and label != "complaint") or (head == "severity" and label != "0"))
        if label in HEADS[head] and version == versions[post_id] and not is_guess:
            said[post_id].labels[head] = HEADS[head].index(label)
        else:
            said[post_id].unknown.add(head)
    return said


def _uncorrected(brand: Brand, allowed: Q) -> list[tuple[Post, float]]:
    """Analysed posts that nobody corrected or judged, and how many of their platform each stands for.

    By chance, and yet always the same ones: whoever asks again does not throw the dice again.
    """
    verdicts = Correction.objects.filter(post_id=OuterRef("pk"), is_current=True)
    judged = SampledPost.objects.filter(post_id=OuterRef("pk"), is_complaint__isnull=False)
    read = Analysis.objects.filter(post_id=OuterRef("pk"), is_current=True, post_version=OuterRef("version"))
    posts = _alive(brand).filter(allowed, ~Exists(verdicts), ~Exists(judged), Exists(read)).exclude(text="")
    by_platform = posts.order_by("platform").values("platform").annotate(count=Count("pk"))
    counts: dict[str, int] = {row["platform"]: row["count"] for row in by_platform}
    chance = Func(F("pk"), Value(_SEED), function="hashint8extended", output_field=BigIntegerField())
    found: list[tuple[Post, float]] = []
    for (platform, count), quota in zip(counts.items(), allot([*counts.values()], UNCORRECTED, 0.5), strict=True):
        if quota:
            found += [(post, count / quota) for post in posts.filter(platform=platform).order_by(chance)[:quota]]
    return found


def _leave_out_own_topics(said: dict[int, _Said], posts: Sequence[Post]) -> None:
    """Where a topic of the brand's own was found, what the head said was not asked."""
    read = Analysis.objects.filter(post_id__in=[post.pk for post in posts], is_current=True)
    for post_id in read.exclude(topic__in=HEADS["topic"]).values_list("post_id", flat=True):
        said.setdefault(post_id, _Said()).unknown.add("topic")


def _texts(
    weighed: Iterable[tuple[Post, float]], said: Mapping[int, _Said], drawn: Mapping[int, float]
) -> dict[int, _Text]:
    """Key of the text → its posts. Of what is no words, the product asks no head."""
    from monitor.nlp.normalise import normalise, says_something

    texts: dict[int, _Text] = {}
    for post, weight in weighed:
        if says_something(normalise(post.text)):
            text = texts.setdefault(_key(post.text), _Text(post))
            text.add(post, said.get(post.pk, _Said()), weight, drawn.get(post.pk, 0.0))
    return texts


def _key(text: str) -> int:
    return int(fingerprint(text) or blake2b(text.encode("utf-8", "replace"), digest_size=8).hexdigest(), 16)


def _lessons(engine: Any, texts: Mapping[int, _Text]) -> "list[Lesson]":
    from monitor.nlp.engine import PostInput
    from monitor.nlp.learning import Lesson

    lessons = []
    pairs = list(texts.items())
    for start in range(0, len(pairs), _BATCH):
        part = pairs[start : start + _BATCH]
        posts = [text.post for _, text in part]
        scores, embeddings = engine.measure([PostInput(post.text, post.language_hint) for post in posts])
        for row, (key, text) in enumerate(part):
            author = next(iter(text.authors)) if len(text.authors) == 1 else None
            lessons.append(
                Lesson(
                    key=key,
                    embedding=embeddings[row],
                    scores={head: values[row] for head, values in scores.items()},
                    labels=text.said.labels,
                    weight=text.weight,
                    drawn=text.drawn,
                    voice=f"author {author}" if author is not None else "",
                    platform=text.post.platform,
                    unknown=frozenset(text.said.unknown - text.said.labels.keys()),
                )
            )
    return lessons
