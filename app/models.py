"""Imports every feature's tables, for Alembic and for tests."""

from app.auth.models import Account, ApiToken, AuditEntry, Grant, SignInAttempt, SignInSession
from app.boundaries.models import Edition, ExcludedLand, Lineage, UnitVersion
from app.components.models import Component, ComponentClass, ComponentShare
from app.db.base import Base
from app.drafts.models import Draft, DraftGrid, DraftLog, DraftOperation
from app.imports.models import ImportJob
from app.incidents.models import Incident, IncidentClass, IncidentLog
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
    "ExcludedLand",
    "Grant",
    "ImportJob",
    "Incident",
    "IncidentClass",
    "IncidentLog",
    "Lineage",
    "Officer",
    "PopulationCount",
    "SignInAttempt",
    "SignInSession",
    "TeamMember",
    "UnitVersion",
]
