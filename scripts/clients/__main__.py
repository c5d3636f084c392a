"""Make client packages of this checkout's API: ``python scripts/clients [--output FOLDER] [--only python|typescript]``.

What they are made with is installed by ``python3 scripts/setup clients``; no network is needed after that.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

import python_client
import typescript_client
from tools import ROOT, ToolFailed

# Run as a folder: the product is not beside this file.
sys.path.insert(0, str(ROOT))

MAKERS = {"python": python_client.make, "typescript": typescript_client.make}


def main(arguments: list[str]) -> int:
    """Make what was asked for; the exit status."""
    parser = argparse.ArgumentParser(prog="scripts/clients", description=__doc__)
    parser.add_argument("--output", type=Path, default=ROOT / "dist" / "clients")
    parser.add_argument("--only", choices=MAKERS)
    given = parser.parse_args(arguments)
    given.output.mkdir(parents=True, exist_ok=True)
    document = given.output / "openapi.json"
    document.write_text(described(), "utf-8")
    try:
        for name, make in MAKERS.items():
            if given.only in (None, name):
                print(f"{name}: {make(document, given.output / name)}")
    except ToolFailed as failure:
        sys.stderr.write(f"{failure}\n")
        return 1
    return 0


def described() -> str:
    """The description of the API as the service answers it."""
    from app.main import create_app

    return json.dumps(create_app().openapi(), ensure_ascii=False, indent=1)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
