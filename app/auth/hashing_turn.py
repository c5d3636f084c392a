"""A turn at the password hasher: the throttle first, then a lane of their own for those who usually sign in from here."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import Request

from app.auth import sign_in
from app.auth.authentication import engine_of, place_of
from app.auth.dependencies import in_database
from app.auth.passwords import HashingGates


@asynccontextmanager
async def hashing_turn(request: Request, name: str) -> AsyncIterator[None]:
    """Hold a turn while the password of the account ``name`` is looked at."""
    place = place_of(request)
    known = await in_database(request, sign_in.usually_here, engine_of(request), name=name, place=place)
    gates: HashingGates = request.app.state.hashing_gates
    async with gates.turn(place, known=known):
        yield
