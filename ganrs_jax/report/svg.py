"""Charts of a report as SVG texts: colours are those of the page, light or dark, and each says what it shows."""

from collections.abc import Mapping, Sequence
from html import escape

_WIDTH, _LABELS, _VALUES, _ROW, _TOP = 480, 150, 115, 34, 30  # pixels of the view


def paired_dots(title: str, rows: Mapping[str, tuple[float, float]], form: str = "{:.3f}") -> str:
    """A row a quantity: the real value, a ring, and the synthetic one, a disc, on one axis from 0.

    Args:
      rows: label -> real and synthetic value, 0 or more.
    """
    most = max((max(pair) for pair in rows.values()), default=1.0) or 1.0
    height = _TOP + _ROW * len(rows) + 10
    parts = [_legend()]
    for number, (label, (real, synthetic)) in enumerate(rows.items()):
        y = _TOP + _ROW * number + _ROW / 2
        at = [_LABELS + (_WIDTH - _LABELS - _VALUES) * max(value, 0) / most for value in (real, synthetic)]
        parts += [
            f'<text x="{_LABELS - 12}" y="{y + 4:.1f}" text-anchor="end">{escape(label)}</text>',
            f'<line x1="{_LABELS}" x2="{_WIDTH - _VALUES}" y1="{y:.1f}" y2="{y:.1f}" class="grid"/>',
            f'<line x1="{at[0]:.1f}" x2="{at[1]:.1f}" y1="{y:.1f}" y2="{y:.1f}" class="gap"/>',
            f'<circle cx="{at[0]:.1f}" cy="{y:.1f}" r="7" class="real"/>',
            f'<circle cx="{at[1]:.1f}" cy="{y:.1f}" r="4.5" class="synthetic"/>',
            f'<text x="{_WIDTH - _VALUES + 14}" y="{y + 4:.1f}">{form.format(real)} / {form.format(synthetic)}</text>',
        ]
    told = "; ".join(f"{label}: real {form.format(a)}, synthetic {form.format(b)}" for label, (a, b) in rows.items())
    return _svg(title, told, height, parts)


def paired_bars(title: str, labels: Sequence[str], real: Sequence[float], synthetic: Sequence[float]) -> str:
    """Two bars a label, shares of a whole."""
    most = max(max(real, default=0), max(synthetic, default=0)) or 1.0
    height, step = 200, (_WIDTH - 40) / max(len(labels), 1)
    parts, every = [_legend()], -(-len(labels) // 12)
    for number, label in enumerate(labels):
        x = 20 + step * number
        for place, (value, name) in enumerate(((real[number], "real"), (synthetic[number], "synthetic"))):
            tall = (height - 66) * value / most
            parts.append(
                f'<rect x="{x + step * (0.12 + 0.4 * place):.1f}" y="{height - 26 - tall:.1f}" '
                f'width="{step * 0.36:.1f}" height="{tall:.1f}" class="{name}"/>'
            )
        if number % every == 0:
            parts.append(f'<text x="{x + step / 2:.1f}" y="{height - 8}" text-anchor="middle">{escape(label)}</text>')
    told = "; ".join(f"{x}: real {a:.1%}, synthetic {b:.1%}" for x, a, b in zip(labels, real, synthetic, strict=True))
    return _svg(title, told, height, parts)


def _legend() -> str:
    return (
        f'<g class="legend"><circle cx="{_LABELS + 6}" cy="14" r="7" class="real"/>'
        f'<text x="{_LABELS + 20}" y="18">real</text>'
        f'<circle cx="{_LABELS + 76}" cy="14" r="4.5" class="synthetic"/>'
        f'<text x="{_LABELS + 88}" y="18">synthetic</text></g>'
    )


def _svg(title: str, told: str, height: float, parts: Sequence[str]) -> str:
    return (
        f'<svg viewBox="0 0 {_WIDTH} {height:.0f}" role="img" aria-label="{escape(title)}. {escape(told)}">'
        f"{''.join(parts)}</svg>"
    )
