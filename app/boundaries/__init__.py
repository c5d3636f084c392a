"""Units, editions and grid versions: the published coverage and its history."""
