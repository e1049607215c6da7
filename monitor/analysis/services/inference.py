"""Asking the engine, outside any transaction: by brand, and so that one bad post costs only itself."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Any, Protocol

from monitor.analysis.services.lenses import EngineFailedError, Lens
from monitor.logs import get_logger

if TYPE_CHECKING:
    from monitor.nlp.engine import PostAnalysis, PostInput
    from monitor.nlp.learning import LearnedWeights

log = get_logger(__name__)

#: Read by every model without trouble; where this fails too, the engine is broken and not the post.
PROBE_TEXT = "Where is my parcel?"


class Engine(Protocol):
    """What this room needs of `nlp.engine.Engine`."""

    # Caches go by the engine as well.
    def __hash__(self) -> int: ...

    @property
    def version(self) -> str: ...

    def analyze(
        self,
        posts: "Sequence[PostInput]",
        order_patterns: Sequence[str] = (),
        learned: "LearnedWeights | None" = None,
    ) -> "list[PostAnalysis]": ...


@dataclass(frozen=True, slots=True)
class PendingPost:
    """What inference needs of a post. `version` is of the text that was read."""

    post_id: int
    version: int
    brand_id: int
    text: str
    language_hint: str
    order_patterns: tuple[str, ...] = ()
    platform: str = ""


@dataclass(frozen=True, slots=True)
class Inferred:
    """Results by post, and the posts on which the engine fails, each with the name of the error."""

    found: "list[tuple[PendingPost, PostAnalysis]]"
    failed: list[tuple[PendingPost, str]]


def infer(engine: Engine, posts: Iterable[PendingPost], lenses: Mapping[int, Lens]) -> Inferred:
    """`lenses` has one for each brand. Raises EngineFailedError when the engine itself is broken."""
    inferred = Inferred([], [])
    ordered = sorted(posts, key=lambda post: (post.brand_id, post.post_id))
    for brand_id, of_brand in groupby(ordered, key=lambda post: post.brand_id):
        _infer_isolated(engine, list(of_brand), lenses[brand_id], inferred)
    return inferred


def _infer_isolated(engine: Engine, posts: Sequence[PendingPost], lens: Lens, inferred: Inferred) -> None:
    """Halves a batch that fails until the post is found that makes it fail."""
    try:
        inferred.found.extend(zip(posts, _ask(engine, posts, lens), strict=True))
    except Exception as error:  # noqa: BLE001 whatever a model raises must cost one post and not the whole batch
        if len(posts) == 1:
            _check_engine(engine, error)
            # The post's id is enough to find it; its text and the message, which may quote it, are not logged.
            log.warning("post_not_analyzed", extra={"post_id": posts[0].post_id, "error": type(error).__name__})
            inferred.failed.append((posts[0], type(error).__name__))
            return
        middle = len(posts) // 2
        _infer_isolated(engine, posts[:middle], lens, inferred)
        _infer_isolated(engine, posts[middle:], lens, inferred)


def _ask(engine: Engine, posts: Sequence[PendingPost], lens: Lens) -> "list[PostAnalysis]":
    from monitor.nlp.engine import PostInput

    read: dict[int, PostAnalysis] = {}
    for learned, places in _by_what_reads_them(posts, lens):
        inputs = [PostInput(posts[place].text, posts[place].language_hint) for place in places]
        found = engine.analyze(inputs, order_patterns=posts[0].order_patterns, learned=learned)
        read |= zip(places, found, strict=True)
    in_order = [read[place] for place in range(len(posts))]
    topics = lens.topics
    return in_order if topics is None else [topics.refine(analysis) for analysis in in_order]


def _by_what_reads_them(posts: Sequence[PendingPost], lens: Lens) -> "list[tuple[LearnedWeights | None, list[int]]]":
    """The places of the posts, apart where other learned heads read them: each reads the platforms on which it was
    checked."""
    if lens.learned is None:
        return [(None, list(range(len(posts))))]
    own = {platform: lens.learned.on(platform) for platform in {post.platform for post in posts}}
    apart: dict[tuple[str, ...], tuple[LearnedWeights | None, list[int]]] = {}
    for place, post in enumerate(posts):
        learned = own[post.platform]
        apart.setdefault(tuple(learned.heads) if learned else (), (learned, []))[1].append(place)
    return list(apart.values())


def _check_engine(engine: Engine, error: Exception) -> None:
    probe = PendingPost(0, 1, 0, PROBE_TEXT, "en")
    try:
        _ask(engine, [probe], Lens(engine.version))
    except Exception as broken:  # noqa: BLE001 the probe fails for any reason: the engine is broken
        raise EngineFailedError(type(broken).__name__) from error


def default_engine(engine: Any | None) -> Engine:
    """The engine handed in, or the one of this process (loaded once)."""
    if engine is not None:
        chosen: Engine = engine
        return chosen
    from monitor.nlp.engine import load_engine

    loaded: Engine = load_engine()
    return loaded
