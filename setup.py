"""What pyproject.toml cannot say of the wheel: ``data/`` is inside it, and it is refused without its front-end files."""

from pathlib import Path

from setuptools import find_namespace_packages, setup
from setuptools.command.build_py import build_py

VENDOR = Path("app", "web", "static", "vendor")
PACKAGES = find_namespace_packages(
    include=["app", "app.*", "gis", "gis.*"], exclude=["app.web.node_modules*"]
)


class BuildPython(build_py):
    """Refuses to make a wheel whose pages would be blank."""

    def run(self) -> None:
        """Copy the packages; an editable installation comes before the front-end files and needs none."""
        if not self.editable_mode and not (VENDOR / "versions.json").exists():
            raise SystemExit(
                f"缺少前端文件 {VENDOR}，请先运行 make setup / {VENDOR} is missing: run `make setup` first"
            )
        super().run()


setup(
    packages=[*PACKAGES, "app.data"],
    # Fixed at the top of the checkout; a wheel has no top, so there it lies inside the package that reads it.
    package_dir={"app.data": "data"},
    cmdclass={"build_py": BuildPython},
)
