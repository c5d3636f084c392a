"""Clients that send slowly, or go away: others notice nothing, and what was begun for them ends."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from app.db.session import EVERYTHING, write_session
from gis.io import write_layer
from gis.sandbox.zygote import SPARE
from tests.fixtures import throwaway
from tests.fixtures.actors import add_token
from tests.fixtures.connections import engine_on
from tests.fixtures.database import settings_for
from tests.fixtures.eventually import eventually
from tests.fixtures.hostile import counting_view
from tests.fixtures.served import serving_at
from tests.fixtures.towns import publish_town, town_grids

# How many processes fork and end is counted here.
pytestmark = pytest.mark.usefixtures("own_zygote")

IDLE_S = 3


@dataclass(frozen=True)
class Service:
    """A service with few connections and one reader, and a token of somebody who draws."""

    url: str
    token: str
    colleague: str

    def client(self) -> httpx.Client:
        return httpx.Client(base_url=self.url, headers={"Authorization": f"Bearer {self.token}"}, timeout=100)

    def draft(self) -> tuple[int, str]:
        with self.client() as client:
            answer = client.post("/v1/drafts", json={"title": "慢"})
            assert answer.status_code == 201, answer.text
            return answer.json()["id"], answer.headers["etag"]

    def begin(self, draft: tuple[int, str], length: int, content: bytes) -> socket.socket:
        """An upload that has sent so much of what it promised."""
        where = urlsplit(self.url)
        connection = socket.create_connection((where.hostname, where.port), timeout=100)
        head = (
            f"PUT /v1/drafts/{draft[0]}/file?missing=keep HTTP/1.1\r\nHost: {where.netloc}\r\n"
            f"Authorization: Bearer {self.token}\r\nIf-Match: {draft[1]}\r\nContent-Length: {length}\r\n\r\n"
        )
        connection.sendall(head.encode() + content)
        return connection


@pytest.fixture(scope="module")
def service(database_server, worker_id, tmp_path_factory) -> Iterator[Service]:
    name = f"wangge_{worker_id}_slow"
    throwaway.drop(database_server, name)
    own = throwaway.clone(database_server, name)
    with engine_on(own.owner_url) as owner, write_session(owner, EVERYTHING) as session:
        publish_town(session)
    with engine_on(own.service_url) as engine:
        token, colleague = (add_token(engine, "gis-editor", "", name=name) for name in ("slow", "quick"))
    settings = settings_for(
        own,
        tmp_path_factory.mktemp("home"),
        pool_size=2,
        upload_readers=1,
        upload_idle_s=IDLE_S,
        upload_cpu_s=3000,
        upload_wall_s=3000,
        upload_memory_mb=1 << 16,
    )
    with serving_at(settings) as url:
        yield Service(url, token, colleague)
    throwaway.drop(database_server, name)


def good_file(folder: Path) -> bytes:
    return write_layer(town_grids()[["code", "geometry"]], folder / "a.gpkg").read_bytes()


def answer_of(connection: socket.socket) -> bytes:
    parts = []
    while part := connection.recv(1 << 16):
        parts.append(part)
        if b"\r\n\r\n" in b"".join(parts) and b'"status"' in b"".join(parts):
            break
    return b"".join(parts)


def readers() -> list[str]:
    """Confined processes of this process' sandboxes, which the service runs in."""
    found = []
    for own in Path("/proc/self/task").iterdir():
        for zygote in (own / "children").read_text().split():
            if b"gis.sandbox.zygote" in Path(f"/proc/{zygote}/cmdline").read_bytes():
                found += Path(f"/proc/{zygote}/task/{zygote}/children").read_text().split()
    return [pid for pid in found if not is_spare(pid)]


def is_spare(pid: str) -> bool:
    """Whether a process waits for a job, and has met no file."""
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip() == SPARE
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_slow_uploads_take_nothing_from_others(service: Service, tmp_path: Path) -> None:
    draft, content = service.draft(), good_file(tmp_path)
    slow = [service.begin(draft, len(content), content[: 10 + at]) for at in range(10)]
    with service.client() as client:
        for _ in range(5):
            for path in ("/v1/incidents", "/v1/units/370299", "/v1/editions", "/readyz"):
                assert client.get(path).status_code == 200
        # One goes on, and is answered; the others say nothing any more, and are told so.
        slow[0].sendall(content[10:])
        assert b" 409 " in answer_of(slow[0]).splitlines()[0]
        for connection in slow[1:]:
            answer = answer_of(connection)
            assert b" 408 " in answer.splitlines()[0]
            assert b"WANGGE_UPLOAD_IDLE_S" in answer
        good = client.put(
            f"/v1/drafts/{draft[0]}/file",
            content=content,
            params={"missing": "keep"},
            headers={"If-Match": draft[1]},
        )
        assert good.status_code == 409, good.text
    for connection in slow:
        connection.close()


def test_one_sender_leaves_places_to_the_others(service: Service, tmp_path: Path) -> None:
    draft, content = service.draft(), good_file(tmp_path)
    slow = [service.begin(draft, len(content), content[:10]) for _ in range(17)]
    # A quarter of the 64 places is one sender's: the one too many is told at once.
    refused = [answer_of(slow[16])]
    assert b" 503 " in refused[0].splitlines()[0]
    with service.client() as client:
        good = client.put(
            f"/v1/drafts/{draft[0]}/file",
            content=content,
            params={"missing": "keep"},
            headers={"If-Match": draft[1], "Authorization": f"Bearer {service.colleague}"},
        )
    assert good.status_code == 409, good.text
    for connection in slow:
        connection.close()


def test_a_client_that_hangs_up_frees_the_reader(service: Service, tmp_path: Path) -> None:
    endless = counting_view(tmp_path / "a.gpkg", 10**15, where="WHERE n.i < 0").read_bytes()
    draft, content = service.draft(), good_file(tmp_path)
    gone = [service.begin(draft, len(endless), endless) for _ in range(3)]
    eventually(readers)
    for connection in gone:
        connection.close()
    with service.client() as client:
        # There is one reader only: it is free, or this waits for most of an hour.
        answer = client.put(
            f"/v1/drafts/{draft[0]}/file",
            content=content,
            params={"missing": "keep"},
            headers={"If-Match": draft[1]},
        )
        assert (answer.status_code, answer.json()["code"]) == (409, "no-changes")
    assert readers() == []
