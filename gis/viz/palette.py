"""Colours of pictures made in Python. Pages have theirs in tokens.css; these stand in files that travel alone."""

from __future__ import annotations

__all__ = ["ACCENT", "BORDER", "FAINT", "GROUND", "INK", "MUTED", "PAPER", "SEQUENTIAL"]

INK = "#1d2530"
MUTED = "#5a6675"
FAINT = "#9aa5b1"
BORDER = "#d5dae0"
PAPER = "#ffffff"
GROUND = "#f3f5f7"
ACCENT = "#1b5fc1"

# Viridis, dark end for many: on a light ground the eye reads darker as more. Even in lightness, so it
# survives greyscale print and colour-blind eyes.
SEQUENTIAL: tuple[tuple[float, str], ...] = (
    (0.00, "#fde725"),
    (0.20, "#a0da39"),
    (0.40, "#4ac16d"),
    (0.55, "#1fa187"),
    (0.70, "#277f8e"),
    (0.85, "#365c8d"),
    (1.00, "#440154"),
)
