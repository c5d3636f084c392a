"""Plugins, and nothing else: fixtures live in tests/fixtures, one subject a module."""

pytest_plugins = [
    "tests.fixtures.costs",
    "tests.fixtures.properties",
    "tests.fixtures.clusters",
    "tests.fixtures.ups",
    "tests.fixtures.database",
    "tests.fixtures.clients",
    "tests.fixtures.actors",
    "tests.fixtures.units",
    "tests.fixtures.towns",
    "tests.fixtures.readers",
    "tests.fixtures.commands",
    "tests.fixtures.served",
    "tests.fixtures.browser",
    "tests.fixtures.edited",
    "tests.fixtures.hostile_town",
    "tests.fixtures.real_data",
    "tests.fixtures.spark",
]
