"""The way of a draft: its states, and which step may be taken in which.

The trigger ``guard_draft`` holds the same transitions in the database; a test compares them.
"""

from __future__ import annotations

from typing import Literal, NamedTuple, get_args

DraftState = Literal["open", "submitted", "approved", "published", "discarded"]
NAMES: tuple[DraftState, ...] = get_args(DraftState)
OPEN, SUBMITTED, APPROVED, PUBLISHED, DISCARDED = NAMES
ACTIVE = (OPEN, SUBMITTED, APPROVED)
"""Neither an edition nor given up: what a draft changes may still come."""
REVIEWED = (APPROVED, PUBLISHED)
"""Somebody else has agreed."""

StepName = Literal["edit", "rebase", "submit", "approve", "return", "publish", "discard"]


class Transition(NamedTuple):
    """In which states a step may be taken, and the state it leads to; None leaves the state as it is."""

    allowed: tuple[str, ...]
    to: str | None = None


STEPS: dict[StepName, Transition] = {
    "edit": Transition((OPEN,)),
    "rebase": Transition(ACTIVE),
    "submit": Transition((OPEN,), SUBMITTED),
    "approve": Transition((SUBMITTED,), APPROVED),
    "return": Transition((SUBMITTED, APPROVED), OPEN),
    "publish": Transition((APPROVED,), PUBLISHED),
    "discard": Transition(ACTIVE, DISCARDED),
}
