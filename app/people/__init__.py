"""Officers, teams and population counts of grids."""
