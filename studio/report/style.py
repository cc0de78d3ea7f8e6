"""The report's style sheet: both palettes, chosen by the reader's system; always light on paper."""

from __future__ import annotations

from dataclasses import asdict

from studio.theme import DARK, LIGHT, Palette

_RULES = """
* { box-sizing: border-box; }
body { margin: 0; background: var(--background); color: var(--text);
  font: 16px/1.55 "Open Sans", system-ui, -apple-system, "Segoe UI", "Noto Sans", sans-serif; }
main { max-width: 1120px; margin: 0 auto; padding: 24px 20px 64px; }
h1 { font-size: 1.7rem; line-height: 1.25; margin: 0 0 4px; }
h2 { font-size: 1.25rem; margin: 40px 0 10px; padding-top: 14px; border-top: 1px solid var(--border); }
h3 { font-size: 1.02rem; margin: 26px 0 8px; }
p { margin: 0 0 8px; max-width: 76ch; overflow-wrap: anywhere; }
.muted, figcaption, caption { color: var(--muted); }
figcaption, caption { font-size: .88rem; text-align: left; }
caption { caption-side: top; padding-bottom: 6px; }
.simulated { border: 2px solid var(--warn); border-radius: 6px; padding: 10px 14px; margin: 16px 0;
  font-weight: 700; color: var(--warn); }
.headline { background: var(--surface); border: 1px solid var(--border); border-left: 6px solid var(--twin);
  border-radius: 6px; padding: 16px 18px 10px; margin: 16px 0; }
.headline p:first-child { font-size: 1.2rem; font-weight: 700; line-height: 1.35; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; margin: 8px 0 12px;
  background: var(--surface); font-size: .93rem; }
th, td { text-align: left; padding: 5px 9px; border-bottom: 1px solid var(--border); vertical-align: top; }
thead th { border-bottom: 2px solid var(--control); vertical-align: bottom; }
thead th.number { white-space: normal; }
tbody th { font-weight: 400; min-width: 190px; }
td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
td.best { font-weight: 700; text-decoration: underline; text-underline-offset: 3px; }
th.twin { border-left: 4px solid var(--twin); font-weight: 700; }
td.good { color: var(--good); } td.warn { color: var(--warn); } td.bad { color: var(--bad); }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 2px 14px; margin: 8px 0; font-size: .93rem; }
dt { font-weight: 700; } dd { margin: 0; overflow-wrap: anywhere; }
figure { margin: 0 0 12px; min-width: 0; }
figure svg, figure img { display: block; width: 100%; height: auto; }
figure.real img { border: 3px solid var(--real); } figure.twin img { border: 3px solid var(--twin); }
.pair { display: grid; grid-template-columns: 1fr 1fr; gap: 14px; }
.page { break-inside: avoid; }
.key { display: flex; flex-wrap: wrap; gap: 4px 22px; margin: 4px 0 12px; padding: 0;
  font-size: .92rem; list-style: none; }
.key svg { width: 34px; height: 12px; vertical-align: middle; margin-right: 7px; }
svg text { fill: var(--text); font: 12px "Open Sans", system-ui, "Noto Sans", sans-serif; }
svg .quiet { fill: var(--muted); } svg .axis { stroke: var(--control); } svg .grid { stroke: var(--border); }
svg .real { fill: var(--real); stroke: var(--real); } svg .twin { stroke: var(--twin); }
svg .stroke { stroke: var(--text); stroke-width: 1.6; } svg .ink { fill: var(--text); }
svg .end { text-anchor: end; } svg .middle { text-anchor: middle; }
footer { font-size: .9rem; }
@media screen and (max-width: 720px) { .pair { grid-template-columns: 1fr; } }
@media print { body { background: #FFFFFF; }
  main { max-width: none; padding: 0; } h2, h3 { break-after: avoid; }
  .scroll { overflow: visible; break-inside: avoid; } table { font-size: 8.5pt; } body { font-size: 10.5pt; }
  th, td { padding: 3px 5px; }
  .page > figure svg { width: 80%; margin: 0 auto; }
  img, svg, tr { break-inside: avoid; } * { print-color-adjust: exact; -webkit-print-color-adjust: exact; } }
"""


def style_sheet() -> str:
    """Return the whole style sheet."""
    return (
        f":root {{ color-scheme: light dark; {_variables(LIGHT)} }}\n"
        f"@media screen and (prefers-color-scheme: dark) {{ :root {{ {_variables(DARK)} }} }}\n{_RULES}"
    )


def _variables(palette: Palette) -> str:
    colours = {name: value for name, value in asdict(palette).items() if name != "name"}
    return " ".join(f"--{name.replace('_', '-')}: {value};" for name, value in colours.items())
