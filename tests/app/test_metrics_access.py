"""Counters are for programs of the machine and for administrators; a header does not make anybody local."""

from __future__ import annotations

import pytest

from tests.fixtures.actors import Actors
from tests.fixtures.clients import client_on, serving
from tests.fixtures.database import CommittingDatabase


@pytest.mark.parametrize(
    ("peer", "headers", "changes", "status"),
    [
        ("127.0.0.1", {}, {}, 200),
        ("::1", {}, {}, 200),
        ("::ffff:127.0.0.1", {}, {}, 200),
        ("203.0.113.5", {}, {}, 401),
        ("203.0.113.5", {"X-Forwarded-For": "127.0.0.1"}, {}, 401),
        ("203.0.113.5", {"Host": "127.0.0.1"}, {}, 401),
        (None, {}, {}, 401),
        # What a proxy of the same machine passes on is not the machine's own.
        ("127.0.0.1", {"X-Forwarded-For": "203.0.113.5"}, {}, 401),
        ("127.0.0.1", {"X-Forwarded-For": "127.0.0.1"}, {}, 401),
        ("127.0.0.1", {"Forwarded": "for=203.0.113.5"}, {}, 401),
        ("127.0.0.1", {"Via": "1.1 proxy"}, {}, 401),
        ("127.0.0.1", {"X-Forwarded-Proto": "https"}, {}, 401),
        # A stranger's page whose name was pointed at this machine.
        ("127.0.0.1", {"Host": "evil.example"}, {}, 401),
        ("127.0.0.1", {}, {"public_url": "https://gis.example"}, 401),
        ("127.0.0.1", {}, {"trusted_proxies": "127.0.0.1"}, 401),
        ("127.0.0.1", {}, {"metrics": "token"}, 401),
        ("203.0.113.5", {}, {"metrics": "open"}, 200),
    ],
)
def test_who_reads_the_counters(
    committing_db: CommittingDatabase,
    peer: str | None,
    headers: dict[str, str],
    changes: dict[str, str],
    status: int,
) -> None:
    settings = committing_db.settings.model_copy(update=changes)
    with serving(settings) as app:
        assert (
            client_on(app, address=peer)
            .get("/metrics", headers={"Host": "127.0.0.1:8000"} | headers)
            .status_code
            == status
        )
        actors = Actors(app, committing_db.service_engine, settings)
        assert actors.token("admin").get("/metrics").status_code == 200
        for role, path in (("viewer", ""), ("admin", "d")):
            expected = 200 if changes.get("metrics") == "open" else 403
            assert actors.token(role, path).get("/metrics").status_code == expected


@pytest.mark.usefixtures("units")
def test_closed_layers_say_nothing_of_district_and_edition(committing_db: CommittingDatabase) -> None:
    def seen(**changes: bool) -> tuple[str, str]:
        with serving(committing_db.settings.model_copy(update=changes)) as app:
            nobody = client_on(app)
            answers = [
                nobody.get(path, headers={"Accept": "text/html"})
                for path in ("/signin", "/docs", "/nowhere", "/", "/readyz", "/healthz")
            ]
            return "\n".join(answer.text for answer in answers), nobody.get("/openapi.json").text

    told = ('"code":"d"', "d 名", '"edition":{', '"edition":1')
    pages, described = seen()
    assert any(each in pages for each in told), "what is looked for is there while layers are open"
    closed, described_closed = seen(public_layers=False, public_locate=False)
    assert not [each for each in told if each in closed]
    # The description has editions among its examples: the same ones, whatever is published.
    assert described_closed == described
    assert not [each for each in told[:2] if each in described]
