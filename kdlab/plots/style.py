"""Colours, sizes and the way from a figure to bytes, shared by all stills."""

from __future__ import annotations

import io

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from PIL import Image

__all__ = ["COLOURS", "DIFFERENCE", "MUTED", "OTHERS", "TEXT_COLOURS", "empty", "figure", "png", "text_colour"]

COLOURS = {"teacher": "#0072B2", "student": "#D55E00", "labels": "#009E73", "hard": "#66727d"}
TEXT_COLOURS = {"teacher": "#0065A0", "student": "#B84E00", "labels": "#00734F", "hard": "#5b6770"}  # ≥ 4.5:1 on white
OTHERS = ["#8a3fa0", "#7a6200", "#a02c5a", "#1f6f7a", "#4a5fb0", "#6b4a2f"]
MUTED = "#5b6770"
DIFFERENCE = LinearSegmentedColormap.from_list("difference", ["#D55E00", "#f7f7f7", "#0072B2"])  # blue: teacher higher
LARGEST = 40_000  # bytes of a stored picture


def text_colour(colour: str) -> str:
    """The shade of a mark's colour that text takes."""
    return {COLOURS[role]: TEXT_COLOURS[role] for role in COLOURS}.get(colour, colour)


def figure(width: float, height: float) -> Figure:
    """An empty figure of ``width`` × ``height`` inches at 100 dots an inch, in no pyplot state."""
    made = Figure(figsize=(width, height), dpi=100, layout="constrained")
    FigureCanvasAgg(made)
    return made


def empty(made: Figure, text: str) -> Figure:
    """The figure with nothing but ``text`` on it."""
    made.text(0.5, 0.5, text, ha="center", va="center", color=MUTED, fontsize=9)
    return made


def png(made: Figure) -> bytes:
    """The figure as PNG with a palette; fewer colours where it would be larger than 40 kB."""
    buffer = io.BytesIO()
    FigureCanvasAgg(made).print_png(buffer)
    image = Image.open(buffer).convert("RGB")
    for colours in (128, 64, 32, 16):
        buffer = io.BytesIO()
        # MAXCOVERAGE keeps the hue of what is small (a title, a line); median cut serves the largest areas
        small = image.quantize(colours, method=Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
        small.save(buffer, "PNG", optimize=True)
        if buffer.tell() <= LARGEST:
            break
    return buffer.getvalue()
