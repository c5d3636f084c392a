"""The database: naming, engines, sessions, SQL functions and the private cluster."""
