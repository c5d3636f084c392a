"""The demo: a real outline filled with invented grids, components, incidents and teams, labelled synthetic."""
