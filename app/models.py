"""Imports every feature's tables, for Alembic and for tests."""

from app.auth.models import Account, ApiToken, AuditEntry, Grant, SignInAttempt, SignInSession
from app.boundaries.models import Edition, Lineage, UnitVersion
from app.components.models import Component, ComponentClass, ComponentShare
from app.db.base import Base
from app.drafts.models import Draft, DraftGrid, DraftLog, DraftOperation
from app.incidents.models import EventClass, Incident, IncidentLog
from app.jobs.models import ImportJob
from app.people.models import Department, Officer, PopulationCount, TeamMember

__all__ = [
    "Account",
    "ApiToken",
    "AuditEntry",
    "Base",
    "Component",
    "ComponentClass",
    "ComponentShare",
    "Department",
    "Draft",
    "DraftGrid",
    "DraftLog",
    "DraftOperation",
    "Edition",
    "EventClass",
    "Grant",
    "ImportJob",
    "Incident",
    "IncidentLog",
    "Lineage",
    "Officer",
    "PopulationCount",
    "SignInAttempt",
    "SignInSession",
    "TeamMember",
    "UnitVersion",
]
