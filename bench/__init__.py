"""Ratios, measured beside a peer in the same run on the same machine. ``python -m bench``."""
