"""A bar chart of the results as SVG: transactions per second, both sides next to each other, one row per case."""
from html import escape

COLOURS = {"postgresql": "#7a869a", "heliosdb": "#d9730d"}
ROW, BAR, LEFT, WIDTH, RIGHT = 46, 16, 210, 520, 150


def bars(row, top, scale):
    label = f"{row['workload']}, {row['mode']}, {row['clients']} clients"
    yield f'<text x="{LEFT - 8}" y="{top + 20}" text-anchor="end">{escape(label)}</text>'
    for index, (side, tps) in enumerate(row["median_tps"].items()):
        y = top + index * (BAR + 2)
        ratio = f" ({row['ratio']:.2f}x)" if side == "heliosdb" and "ratio" in row else ""
        yield f'<rect x="{LEFT}" y="{y}" width="{max(1.0, tps * scale):.1f}" height="{BAR}" fill="{COLOURS[side]}"/>'
        yield f'<text x="{LEFT + tps * scale + 5:.1f}" y="{y + 12}">{tps:.0f}{ratio}</text>'


def chart(rows):
    """Bars are scaled within a workload: select-only would dwarf the others."""
    parts, top = [], 40
    most = {}
    for row in rows:
        most[row["workload"]] = max([most.get(row["workload"], 1.0), *row["median_tps"].values()])
    for row in rows:
        parts += bars(row, top, WIDTH / most[row["workload"]])
        top += ROW
    legend = "".join(f'<rect x="{LEFT + i * 120}" y="12" width="12" height="12" fill="{colour}"/>'
                     f'<text x="{LEFT + i * 120 + 17}" y="22">{side}</text>' for i, (side, colour) in enumerate(COLOURS.items()))
    return (f'<svg xmlns="http://www.w3.org/2000/svg" width="{LEFT + WIDTH + RIGHT}" height="{top + 6}" font-family="sans-serif" '
            f'font-size="12"><rect width="100%" height="100%" fill="white"/>{legend}{"".join(parts)}</svg>\n')
