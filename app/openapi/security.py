"""What the description of the API says about who may call what: taken from the policies themselves."""

from __future__ import annotations

from app.auth.csrf import HEADER
from app.auth.policy import Policy
from app.auth.sessions import name_of_cookie
from app.settings import Settings


def schemes(settings: Settings) -> dict[str, object]:
    """The ways to prove who one is."""
    # Nobody is asking here, so the settings say how people come: a proxy that is only trusted may speak either.
    secure = settings.secure_cookies or settings.tls or (settings.public_url or "").startswith("https:")
    plain, secured = (name_of_cookie(settings, secure=each) for each in (False, True))
    other = "" if secure else f" Over HTTPS the cookie is called `{secured}`."
    return {
        "token": {
            "type": "http",
            "scheme": "bearer",
            "description": "An API token (`wangge token issue`, or POST /v1/tokens).",
        },
        "session": {
            "type": "apiKey",
            "in": "cookie",
            "name": secured if secure else plain,
            "description": "A browser's session (POST /v1/session). Writes also need the header "
            f"`{HEADER.title()}` with `csrf` of that answer.{other}",
        },
    }


def demands(policy: Policy) -> list[dict[str, list[str]]]:
    """How whoever asks may prove who they are; an empty way among them means: also without."""
    if policy.kind == "public":
        return []
    known: list[dict[str, list[str]]] = [{"session": []}]
    if not policy.people_only:
        known.append({"token": []})
    if policy.on_machine:
        known.append({})
    return [*known, {}] if policy.open_by else known


def told(description: str, policy: Policy) -> str:
    """A description with what the policy demands, in words."""
    if policy.kind == "allow":
        where = " everywhere" if policy.everywhere else " in some unit; the answer is about those units"
        demand = f"Needs one of the roles {', '.join(policy.roles)}{where}."
        if policy.on_machine:
            demand += " Programs of the same machine need none."
        if policy.people_only:
            demand += " Not for tokens."
    elif policy.open_by:
        demand = f"Open to all while the setting {policy.open_by} is on."
    elif policy.kind == "signed_in":
        demand = "Needs a session." if policy.people_only else "Needs a session or a token."
    else:
        demand = "Open to all."
    return f"{description}\n\n{demand}".strip()
