"""What must always hold, re-checked on a live database: one module a group of invariants, one line each."""
