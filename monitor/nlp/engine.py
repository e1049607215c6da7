"""The analysis engine: language, intent, sentiment, complaint, severity, topic, entities and reasons of posts.

`load_engine()` gives the one engine of the process; weights are read at the first analysis, not at import. No Django,
no network, no torch. Post text is never logged here.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path
from threading import Lock

import numpy as np
from numpy.typing import NDArray

from monitor.nlp.calibration import Calibration
from monitor.nlp.encoder import Encoder, Reading, default_threads
from monitor.nlp.hub.errors import HubModelError
from monitor.nlp.hub.replacements import Replacements
from monitor.nlp.hub.settings import Wish, own_model, read_wishes
from monitor.nlp.labels import AUDIENCES, DENIED_INTENTS, HEADS, INTENTS, SENTIMENTS, TOPICS
from monitor.nlp.language import identify_languages
from monitor.nlp.learning import LearnedWeights
from monitor.nlp.linear import LinearModel
from monitor.nlp.normalise import fold, says_something, simplify
from monitor.nlp.reasons import WordWeigher
from monitor.text.clean import clean
from monitor.text.entities import Entity, find_entities
from monitor.text.reason import Reason

MODEL_FOLDER = Path(__file__).parent / "model"
_NEEDED = ("model.json", "calibration.json", "linear.npz")
#: What is said of a post without a letter, a number or a pictogram.
_SILENCE = {
    "intent": "chatter", "needs_reply": "no", "sentiment": "neutral", "complaint": "no", "severity": "0",
    "escalate": "no", "topic": "other", "audience": "none",
}  # fmt: skip
#: Question marks: of most scripts, Arabic, Armenian, Ethiopic, turned round (Syriac too), Spanish.
_ASKING = frozenset("?؟՞፧⸮¿")
_LONGEST_POST = 100_000  # characters; what is beyond is not read


@dataclass(frozen=True, slots=True)
class PostInput:
    """A text, and the platform's own guess of its language ("" where it gives none)."""

    text: str
    language_hint: str = ""


@dataclass(frozen=True, slots=True)
class PostAnalysis:
    """What the engine says of one post. Scores are probabilities between 0 and 1, calibrated on held-out
    posts; those of sentiment as if each label were as frequent as the others."""

    language: str
    intent: str
    needs_reply: bool
    needs_reply_score: float
    sentiment: str
    sentiment_scores: dict[str, float]
    complaint: bool
    complaint_score: float
    severity: int
    escalate: bool
    escalate_score: float
    topic: str
    topic_scores: dict[str, float]
    audience: str
    entities: list[Entity]
    reasons: list[Reason]
    model: str
    embedding: NDArray[np.float32] | None = field(default=None, repr=False, compare=False)


@dataclass(slots=True)
class _Read:
    """A batch as the models read it: a row a post."""

    texts: list[str]
    folded: list[str]
    languages: list[str]
    entities: list[list[Entity]]
    scores: dict[str, NDArray[np.float32]]
    reading: Reading | None


class NoEncoderError(Exception):
    """The model of this engine has no encoder, and what was asked needs one."""


class Engine:
    """Analyses posts with the models of a folder: `model.json`, `calibration.json`, `linear.npz`, and the encoder.

    `wishes` names heads that other models replace. Their errors (HubModelError) come from `load` and `analyze` alone,
    that of a folder without a model from `version`, too.
    """

    def __init__(
        self, folder: Path = MODEL_FOLDER, threads: int | None = None, wishes: Mapping[str, Wish] | None = None
    ) -> None:
        self._folder = folder
        self.threads = threads or default_threads()
        self._replaced = Replacements(wishes or {}, self.threads)
        self._loading = Lock()

    @cached_property
    def version(self) -> str:
        """Names the weights and what replaces heads; stored with every analysis."""
        self._look_at_folder()
        own = json.loads((self._folder / "model.json").read_text(encoding="utf-8"))["version"]
        return f"{own}{self._replaced.tag}"

    @cached_property
    def _models(self) -> tuple[Encoder | None, LinearModel, Calibration, WordWeigher]:
        self._look_at_folder()
        has_encoder = (self._folder / "encoder.onnx").exists()
        encoder = Encoder(self._folder, self.threads) if has_encoder else None
        linear = LinearModel.load(self._folder / "linear.npz")
        weigher = WordWeigher(
            linear, encoder.pieces if encoder else lambda run: [run[at : at + 2] for at in range(0, len(run), 2)]
        )
        calibration = Calibration.load(self._folder / "calibration.json")
        return encoder, linear, self._replaced.adjust(calibration), weigher

    def _look_at_folder(self) -> None:
        missing = [name for name in _NEEDED if not (self._folder / name).exists()]
        if missing and self._folder != MODEL_FOLDER:
            raise HubModelError(
                f"{self._folder} is no model: {', '.join(missing)} is not there. Name the folder that `make train` "
                "wrote (build/model) in MENTIONDESK_MODEL, or leave it empty for the model that ships."
            )

    def load(self) -> None:
        """Reads the weights now (a worker does so before its first batch); safe from several threads."""
        with self._loading:
            _ = self._models
        self._replaced.load()

    def words(self, text: str) -> list[str]:
        """The words of a post among which the deciding ones are looked for, as written."""
        self.load()
        return self._models[3].words(clean(text))

    @property
    def thresholds(self) -> dict[str, float]:
        """Yes/no head → the score from which it says yes."""
        return self._models[2].thresholds

    def analyze(
        self,
        posts: Sequence[PostInput],
        order_patterns: Sequence[str] = (),
        learned: LearnedWeights | None = None,
    ) -> list[PostAnalysis]:
        """One analysis a post, in order. Any text is answered, also empty, huge or broken ones.

        `learned` is what the corrections of a brand have taught (it needs the encoder).
        Raises ValueError for an order number pattern that is no regular expression.
        """
        if not posts:
            return []
        read = self._read(posts, lambda texts: [find_entities(text, order_patterns) for text in texts])
        if learned is not None and read.reading is not None:
            read.scores = learned.apply(read.scores, read.reading.embeddings)
        silent = {row for row, said in enumerate(read.folded) if not says_something(said)}
        for row in silent:
            _judge_silence(read.scores, row, asks=not _ASKING.isdisjoint(read.folded[row]))
        return [self._answer(read, row, is_silent=row in silent) for row in range(len(posts))]

    def measure(self, posts: Sequence[PostInput]) -> tuple[dict[str, NDArray[np.float32]], NDArray[np.float32]]:
        """What learning starts from: probabilities by head and embeddings, a row a post. Raises NoEncoderError."""
        read = self._read(posts, lambda texts: [[] for _ in texts])
        if read.reading is None:
            raise NoEncoderError("This model has no encoder: there is nothing that learning could build on.")
        return read.scores, read.reading.embeddings

    def _read(self, posts: Sequence[PostInput], find: Callable[[list[str]], list[list[Entity]]]) -> _Read:
        """What the models say of the posts, and the entities that `find` finds in their texts."""
        self.load()
        encoder, linear, calibration, _ = self._models
        texts = [clean(post.text[:_LONGEST_POST]) for post in posts]
        simplified = [simplify(text) for text in texts]
        folded = [fold(text) for text in simplified]
        # onnxruntime works without the interpreter's lock: what follows is done meanwhile. One core does one thing.
        with ThreadPoolExecutor(1) if self.threads > 1 else nullcontext() as beside:
            reads = beside.submit(encoder.read, simplified) if beside and encoder else None
            languages = identify_languages(texts, [post.language_hint for post in posts])
            entities, raw = find([post.text[:_LONGEST_POST] for post in posts]), linear.score(folded)
            reading = reads.result() if reads else encoder.read(simplified) if encoder else None
        own = calibration.probabilities(reading.columns if reading else None, raw, languages)
        return _Read(texts, folded, languages, entities, self._replaced.apply(own, texts), reading)

    def _answer(self, read: _Read, row: int, *, is_silent: bool) -> PostAnalysis:
        scores, reading, thresholds = read.scores, read.reading, self._models[2].thresholds
        yes = {head: float(scores[head][row, 1]) for head in ("complaint", "needs_reply", "escalate")}
        says = {head: score >= thresholds[head] for head, score in yes.items()}
        severity = int(scores["severity"][row, 1:].argmax()) + 1 if says["complaint"] else 0
        intent = choose_intent(scores["intent"][row], severity)
        topic = TOPICS[int(scores["topic"][row].argmax())]
        audience = AUDIENCES[int(scores["audience"][row].argmax())]
        return PostAnalysis(
            language=read.languages[row],
            intent=intent,
            needs_reply=says["needs_reply"],
            needs_reply_score=round(yes["needs_reply"], 4),
            sentiment=SENTIMENTS[int(scores["sentiment"][row].argmax())],
            sentiment_scores=_named(SENTIMENTS, scores["sentiment"][row]),
            complaint=says["complaint"],
            complaint_score=round(yes["complaint"], 4),
            severity=severity,
            escalate=says["escalate"],
            escalate_score=round(yes["escalate"], 4),
            topic=topic,
            topic_scores=_named(TOPICS, scores["topic"][row]),
            audience=audience,
            entities=read.entities[row],
            reasons=[Reason("text.empty")]
            if is_silent
            else self._reasons(read, row, says, intent, topic, severity, audience),
            model=self.version,
            embedding=reading.embeddings[row] if reading else None,
        )

    def _reasons(
        self, read: _Read, row: int, says: dict[str, bool], intent: str, topic: str, severity: int, audience: str
    ) -> list[Reason]:
        scores = read.scores
        named = [(f"intent.{intent}", float(scores["intent"][row, INTENTS.index(intent)]))]
        named.append((f"topic.{topic}", float(scores["topic"][row].max())))
        if severity:
            named.append((f"severity.{severity}", float(scores["severity"][row, severity])))
        if audience == "seller":
            named.append(("audience.seller", float(scores["audience"][row].max())))
        if says["escalate"]:
            named.append(("escalate.yes", float(scores["escalate"][row, 1])))
        reasons = [Reason(code, round(probability, 4)) for code, probability in named]
        for head in ("complaint", "escalate"):
            if not says[head] or head in self._replaced:
                continue  # where another model decided, our own cannot say by which words
            if words := self._models[3].deciding_words(read.texts[row], head, read.languages[row]):
                reasons.append(Reason(f"words.{head}", round(float(scores[head][row, 1]), 4), {"words": words}))
        return reasons


def _judge_silence(scores: dict[str, NDArray], row: int, *, asks: bool) -> None:
    """A picture, an address or a dot alone: no model may read a complaint into it. A question mark wants an answer."""
    said = {"needs_reply": "yes", "intent": "question"} if asks else {}
    for head, label in (_SILENCE | said).items():
        scores[head][row] = [float(one == label) for one in HEADS[head]]


def choose_intent(scores: NDArray, severity: int) -> str:
    """The likeliest intent that agrees with the complaint verdict (severity 0: none)."""
    denied = DENIED_INTENTS[min(severity, 2)]
    allowed = scores.copy()
    allowed[[INTENTS.index(intent) for intent in denied]] = -np.inf
    return INTENTS[int(allowed.argmax())]


def _named(labels: Sequence[str], scores: NDArray) -> dict[str, float]:
    return {label: round(float(score), 4) for label, score in zip(labels, scores, strict=True)}


@lru_cache(maxsize=1)
def load_engine() -> Engine:
    """The engine of this process: the weights that ship or are named, and what replaces heads; cheap until the first
    analysis."""
    return Engine(own_model() or MODEL_FOLDER, wishes=read_wishes())
