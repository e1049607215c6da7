"""Posts made out of others, of which teachers say what they are."""

import random

from monitor.nlp.train.corpora import Example
from monitor.nlp.train.mixing import mix


def tweets(language: str, words: str, corpus: str = "tweets", *, is_held_out: bool = False) -> list[Example]:
    chance = random.Random(3)
    return [
        Example(" ".join(chance.choices(words.split(), k=12)), language, corpus, {"sentiment": 2}, is_held_out)
        for _ in range(40)
    ]


GERMAN = tweets("de", "heute regnet warten ewig paket danke zug wieder kalt")
ITALIAN = tweets("it", "oggi piove aspetto pacco grazie treno ancora freddo")


def test_as_many_are_made_as_asked_and_none_of_another_corpus() -> None:
    made = mix([*GERMAN, *tweets("de", "schuhe passen prima", "reviews")], {"tweets": 3}, seed=1)
    assert len(made) == 120
    assert {example.corpus for example in made} == {"tweets"}


def test_languages_are_not_mixed() -> None:
    for example in mix([*GERMAN, *ITALIAN], {"tweets": 2}, seed=1):
        known = {word for own in (GERMAN if example.language == "de" else ITALIAN) for word in own.text.split()}
        assert set(example.text.split()) <= known


def test_what_is_made_is_new_and_has_no_label() -> None:
    made = mix(GERMAN, {"tweets": 5}, seed=1)
    assert not any(example.labels for example in made)
    known = {example.text for example in GERMAN}
    assert sum(example.text not in known for example in made) > 0.8 * len(made)


def test_held_out_posts_stay_out() -> None:
    secret = tweets("de", "geheim verborgen still leise versteckt", is_held_out=True)
    made = mix([*GERMAN, *secret], {"tweets": 5}, seed=1)
    assert len(made) == 5 * len(GERMAN)
    assert not any("geheim" in example.text for example in made)


def test_the_same_seed_makes_the_same_posts() -> None:
    assert mix(GERMAN, {"tweets": 2}, seed=4) == mix(GERMAN, {"tweets": 2}, seed=4)
    assert mix(GERMAN, {"tweets": 2}, seed=4) != mix(GERMAN, {"tweets": 2}, seed=5)


def test_a_post_of_one_word_or_none_is_no_obstacle() -> None:
    lone = [Example(text, "de", "tweets") for text in ("", "ok", "wunderschön")]
    assert all(len(example.text) > 8 for example in mix(lone, {"tweets": 20}, seed=1))
