"""Units as a whole: publication with all that follows, and the page of what a unit owns."""
