"""Units of every level: the page of a unit and what it owns."""
