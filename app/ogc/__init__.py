"""OGC API Features: the published units for any client, and the grids of a draft for clients that edit."""
