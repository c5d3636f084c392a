"""City components: classes, import, owners, shares."""
