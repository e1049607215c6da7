"""The life of a case, as data: which step leads from which state to which. docs/states.md is made from this table."""

from collections.abc import Mapping
from typing import Final

from monitor.cases.models import CaseState

NEW, OPEN, WAITING, RESOLVED, CLOSED = (
    CaseState.NEW.value,
    CaseState.OPEN.value,
    CaseState.WAITING.value,
    CaseState.RESOLVED.value,
    CaseState.CLOSED.value,
)

#: Somebody still has something to do: us, or (waiting) the customer.
ACTIVE: Final = (NEW, OPEN, WAITING)

#: A customer who writes within this many days after the resolution re-opens the case; later it is closed and the
#: next word opens a new one.
REOPEN_DAYS: Final = 7

#: Step → the state before → the state after. What is not here cannot happen.
STEPS: Final[Mapping[str, Mapping[str, str]]] = {
    # A person takes it up.
    "take_up": {NEW: OPEN, OPEN: OPEN, WAITING: WAITING},
    # The customer says something that asks for an answer.
    "customer_wrote": {NEW: NEW, OPEN: OPEN, WAITING: OPEN, RESOLVED: OPEN},
    # We answered (from here, from the platform's own app or from another tool). Whoever resolved it meant it.
    "own_reply": {NEW: WAITING, OPEN: WAITING, WAITING: WAITING, RESOLVED: RESOLVED},
    # Our answer was taken down again, from here or on the platform: the customer has none.
    "answer_taken_down": {NEW: NEW, OPEN: OPEN, WAITING: OPEN, RESOLVED: RESOLVED, CLOSED: CLOSED},
    "resolve": {NEW: RESOLVED, OPEN: RESOLVED, WAITING: RESOLVED},
    "reopen": {RESOLVED: OPEN},
    "close": {RESOLVED: CLOSED},
    # The case goes into another one, and comes back as it was.
    "merge": {NEW: CLOSED, OPEN: CLOSED, WAITING: CLOSED, RESOLVED: CLOSED},
}

#: Undoing a merge restores the state before it.
UNDO_MERGE: Final = frozenset(STEPS["merge"])


class WrongStepError(Exception):
    """This step does not lead on from the state in which the case is."""

    def __init__(self, state: str, step: str) -> None:
        super().__init__(f"a case that is {state} cannot {step}")
        self.state = state
        self.step = step


def next_state(state: str, step: str) -> str:
    """Raises WrongStepError; KeyError for a step that nobody has defined."""
    after = STEPS[step].get(state)
    if after is None:
        raise WrongStepError(state, step)
    return after


def _targets(state: str) -> frozenset[str]:
    by_step = {targets[state] for targets in STEPS.values() if state in targets} - {state}
    return frozenset(by_step | (UNDO_MERGE if state == CLOSED else frozenset()))


#: Kind of row → state → the states that can follow; the same shape as in the replies room.
TRANSITIONS: Final[Mapping[str, Mapping[str, frozenset[str]]]] = {
    "case": {state: _targets(state) for state in (NEW, OPEN, WAITING, RESOLVED, CLOSED)}
}


def as_markdown(kind: str, table: Mapping[str, frozenset[str]]) -> str:
    """One section of docs/states.md: a Mermaid picture, drawn in the order of the table."""
    arrows = [f"    {state} --> {target}" for state in table for target in table if target in table[state]]
    first = next(iter(table))
    return "\n".join([f"## {kind}", "", "```mermaid", "stateDiagram-v2", f"    [*] --> {first}", *arrows, "```", ""])
