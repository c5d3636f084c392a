"""What the command line itself refuses; everything else comes from the core and the services."""

from __future__ import annotations

from gis.errors import Refusal


class WrongUsage(Refusal):
    """Options that do not go together, or a value that an option does not have."""

    code = "usage"


class CommandRefused(Refusal):
    """What was asked for is not done."""

    code = "command-refused"


class CheckFailed(Refusal):
    """What was asked for is not there, or did not come to be."""

    code = "check-failed"
