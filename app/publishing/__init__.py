"""Publication of editions with all that follows from it."""
