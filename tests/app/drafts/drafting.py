"""The town with people who draw, review and publish, and short ways to say what they do."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import shapely
from fastapi import FastAPI
from sqlalchemy import Engine
from starlette.testclient import TestClient

from app.db.ltree import path
from app.db.session import EVERYTHING, WriteSession, write_session
from gis.geometry import round_degrees
from tests.fixtures.actors import Actors
from tests.fixtures.answers import hold_to_model
from tests.fixtures.database import CommittingDatabase
from tests.fixtures.towns import DISTRICT, shape_of

STREET_1, STREET_2 = f"{DISTRICT}001", f"{DISTRICT}002"
TALL = "370299001001002"
"""Two cells high, in the first community of the first street."""
LEFT, RIGHT = "370299002003001", "370299002003002"
"""Neighbours in the second street."""
FAR = "370299001002001"
"""In the second community of the first street, touching neither of these."""


@dataclass
class Drafting:
    """One town, its application, and everybody who has to do with drafts."""

    app: FastAPI
    actors: Actors
    db: CommittingDatabase

    @property
    def owner(self) -> Engine:
        """The engine that sees everything."""
        return self.db.owner_engine

    @contextmanager
    def writing(self) -> Iterator[WriteSession]:
        """A transaction of the owner."""
        with write_session(self.db.owner_engine, EVERYTHING) as session:
            yield session

    def editor(self, *codes: str, name: str | None = None) -> TestClient:
        """Somebody who draws in the units whose codes are given (the district, then deeper)."""
        return self.actors.person(("gis-editor", path(codes or (DISTRICT,))), name=name)

    def publisher(self, *codes: str, name: str | None = None) -> TestClient:
        """Somebody who reviews and publishes there."""
        return self.actors.person(("gis-publisher", path(codes or (DISTRICT,))), name=name)


@dataclass
class DraftClient:
    """Somebody at a draft: sends with each write the version that the last answer told."""

    client: TestClient
    id: int
    etag: str

    @classmethod
    def begin(cls, client: TestClient, title: str = "调整", **more: Any) -> DraftClient:
        """A new draft of this person's."""
        answer = client.post("/v1/drafts", json={"title": title, **more})
        assert answer.status_code == 201, answer.text
        hold_to_model(client.app, answer)
        return cls(client, answer.json()["id"], answer.headers["etag"])

    def taken_by(self, client: TestClient) -> DraftClient:
        """The same draft in somebody else's hands, at its present version."""
        return DraftClient(client, self.id, client.get(self.url).headers["etag"])

    @property
    def url(self) -> str:
        """The draft's address."""
        return f"/v1/drafts/{self.id}"

    def get(self, part: str = "", **params: Any) -> Any:
        """What an address of the draft says."""
        answer = self.client.get(f"{self.url}{part}", params=params)
        assert answer.status_code == 200, answer.text
        assert answer.headers["etag"].startswith(f'"{self.id}-')
        return hold_to_model(self.client.app, answer)

    def send(self, part: str, body: Any = None, *, method: str = "POST", **more: Any) -> httpx.Response:
        """A write; when it is taken, the hand goes on from the new version."""
        headers = {"If-Match": self.etag} | more.pop("headers", {})
        answer = self.client.request(method, f"{self.url}{part}", json=body, headers=headers, **more)
        if answer.is_success:
            self.etag = answer.headers.get("etag", self.etag)
            if answer.content and self.url in str(answer.request.url):
                hold_to_model(self.client.app, answer)
        return answer

    def do(self, **operation: Any) -> dict[str, Any]:
        """An operation that is taken."""
        answer = self.send("/operations", operation)
        assert answer.status_code == 201, answer.text
        return answer.json()

    def approve(self, reviewer: TestClient) -> DraftClient:
        """Submitted, and approved by somebody else, in whose hands it is then."""
        answer = self.send("/submit", {})
        assert answer.status_code == 200, answer.text
        other = DraftClient(reviewer, self.id, self.etag)
        answer = other.send("/review", {"decision": "approve", "comment": "同意"})
        assert answer.status_code == 200, answer.text
        return other

    def publish(self, **given: Any) -> dict[str, Any]:
        """Published."""
        answer = self.send("/publish", given)
        assert answer.status_code == 200, answer.text
        return answer.json()


def through(code: str, *, slant: float = 0.0) -> dict[str, Any]:
    """A line from south to north across the middle of a grid of the town, as GeoJSON."""
    west, south, east, north = shape_of(code).bounds
    middle = (west + east) / 2
    ends = round_degrees([[middle - slant, south - 0.003], [middle + slant, north + 0.003]])
    return {"type": "LineString", "coordinates": ends.tolist()}


def shared_vertex(one: str, other: str) -> tuple[list[float], list[float]]:
    """A vertex on the border of two grids that only these have or the first found, and a place close to it."""
    border = shapely.intersection(shape_of(one), shape_of(other))
    lines = shapely.get_parts(shapely.line_merge(border)) if border.geom_type != "LineString" else [border]
    x, y = lines[0].coords[0]
    return [x, y], round_degrees([x + 0.0003, y + 0.0002]).tolist()
