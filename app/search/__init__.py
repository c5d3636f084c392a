"""Search over every feature: places, units, components and incidents."""
