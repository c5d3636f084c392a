"""Feature-blind helpers: schemas, pagination, parameters, time."""
