"""Lights, and which names of classes are taken for sensitive."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from app.components import catalog as component_catalog
from app.incidents import catalog
from app.incidents.rules import light_of, sounds_sensitive
from app.main import create_app

START = datetime(2026, 11, 1, tzinfo=UTC)
DUE = START + timedelta(hours=100)


@pytest.mark.parametrize(
    ("state", "due", "hours", "light"),
    [
        ("reported", DUE, 0, "green"),
        ("handling", DUE, 79.9, "green"),
        ("handling", DUE, 80, "yellow"),
        ("verifying", DUE, 100, "yellow"),
        ("accepted", DUE, 100.1, "red"),
        ("accepted", None, 500, "none"),
        ("suspended", DUE, 500, "none"),
        ("closed", DUE, 500, "none"),
        ("voided", DUE, 500, "none"),
        ("accepted", START, 0, "yellow"),
        ("accepted", START - timedelta(hours=1), 0, "red"),
    ],
)
def test_lights(state: str, due: datetime | None, hours: float, light: str) -> None:
    assert light_of(state, START, due, START + timedelta(hours=hours)) == light


@pytest.mark.parametrize(
    ("name", "sensitive"),
    [
        ("家庭纠纷调解", True),
        ("重复信访", True),
        ("精神障碍患者走失", True),
        ("心理危机干预", True),
        ("Domestic violence", True),
        ("DISPUTE - NEIGHBOURS", True),
        ("Attempted suicide", True),
        ("Mental health crisis", True),
        ("精神文明建设", False),
        ("Environmental noise", False),
        ("Competition on the road", False),
        ("Domestic waste", False),
        ("THEFT", False),
        ("暴露垃圾", False),
    ],
)
def test_names_that_sound_sensitive(name: str, sensitive: bool) -> None:
    assert sounds_sensitive(name) is sensitive


def test_every_sensitive_class_of_the_catalogue_sounds_so_or_is_named() -> None:
    """The classes that the domain names, and no others."""
    marked = {row["code"] for row in catalog.read_catalog() if row["sensitive"] == "yes"}
    assert marked == {*(f"31{n:02}" for n in range(1, 11)), "3401", "3402"}
    assert {row["code"] for row in component_catalog.read_catalog() if row["sensitive"] == "yes"} == {"0502"}
    assert {row["sensitive"] for row in catalog.read_catalog()} == {"yes", "no"}


def test_a_later_load_of_the_catalogue_keeps_the_marks(session: Session) -> None:
    made = catalog.add_local(session, ["物业纠纷", "THEFT"], source="city")
    session.execute(text("UPDATE incident_class SET sensitive = false WHERE code = '3402'"))
    catalog.sync(session)
    component_catalog.sync(session)
    rows = session.execute(text("SELECT code FROM incident_class WHERE sensitive")).scalars()
    assert set(rows) == {*(f"31{n:02}" for n in range(1, 11)), "3401", "3402", made["物业纠纷"]}
    assert list(session.execute(text("SELECT code FROM component_class WHERE sensitive")).scalars()) == [
        "0502"
    ]


def test_both_views_are_documented() -> None:
    described = create_app().openapi()
    schemas = described["components"]["schemas"]
    items = schemas["IncidentPage"]["properties"]["items"]["items"]
    assert items["discriminator"]["mapping"] == {
        "full": "#/components/schemas/IncidentItem",
        "coarse": "#/components/schemas/CoarseIncidentItem",
    }
    coarse = schemas["CoarseIncidentItem"]["properties"]
    assert not set(coarse) & {
        "address",
        "description",
        "occurred_at",
        "reported_at",
        "due_at",
        "channel",
        "origin",
    }
    assert coarse["view"]["const"] == "coarse"
    shown = described["paths"]["/v1/incidents/{number}"]["get"]["responses"]["200"]
    assert len(shown["content"]["application/json"]["schema"]["oneOf"]) == 2
