"""Reported incidents: intake, owner, log, queries."""
