"""The style sheet of a study's page: light and dark, light on paper; blue is measured, orange is the twin."""

STYLE = """
:root { color-scheme: light dark; --background: #F3F5F8; --surface: #FFFFFF; --border: #CBD3DC;
  --control: #6E7A88; --text: #171C22; --muted: #4C5865; --twin: #B34A00; --other: #0067A5;
  --good: #00664F; --warn: #665600; --bad: #A8201A; }
@media screen and (prefers-color-scheme: dark) { :root { --background: #14171C; --surface: #1D2229;
  --border: #343C47; --control: #7A8695; --text: #EAEEF3; --muted: #A9B4C0; --twin: #F29F05;
  --other: #56B4E9; --good: #3FCFA4; --warn: #F0E442; --bad: #FF8A80; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--background); color: var(--text);
  font: 16px/1.5 "Open Sans", system-ui, "Segoe UI", "Noto Sans", sans-serif; }
main { max-width: 1120px; margin: 0 auto; padding: 24px 20px 64px; }
h1 { font-size: 1.7rem; margin: 0 0 4px; }
h2 { font-size: 1.25rem; margin: 40px 0 10px; padding-top: 14px; border-top: 1px solid var(--border); }
h3 { font-size: 1.02rem; margin: 24px 0 8px; }
p, li { max-width: 88ch; overflow-wrap: anywhere; } p { margin: 0 0 8px; } li { margin-bottom: 5px; }
.lead { font-size: 1.08rem; } .muted, caption { color: var(--muted); font-size: .92rem; }
.unshown { background: var(--surface); border: 1px solid var(--border); border-left: 6px solid var(--warn);
  border-radius: 6px; padding: 2px 18px 10px; margin: 18px 0; }
.unshown h2 { border: 0; margin: 8px 0; padding: 0; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; margin: 8px 0 14px; background: var(--surface);
  font-size: .88rem; }
th, td { text-align: left; padding: 4px 8px; border-bottom: 1px solid var(--border); vertical-align: top; }
thead th { border-bottom: 2px solid var(--control); vertical-align: bottom; }
tbody th { font-weight: 400; min-width: 150px; }
td.number { font-variant-numeric: tabular-nums; white-space: nowrap; }
td.best { font-weight: 700; text-decoration: underline; text-underline-offset: 3px; }
td.good { color: var(--good); font-weight: 700; } td.warn { color: var(--warn); }
td.bad { color: var(--bad); font-weight: 700; }
pre { background: var(--surface); border: 1px solid var(--border); padding: 10px 14px; overflow-x: auto;
  font-size: .84rem; }
figure { margin: 8px 0 12px; background: var(--surface); border: 1px solid var(--border);
  border-radius: 6px; padding: 12px; }
figure svg { display: block; width: 100%; height: auto; }
svg text { fill: var(--text); font: 12px "Open Sans", system-ui, "Noto Sans", sans-serif; }
svg .quiet { fill: var(--muted); } svg .strong { font-weight: 700; }
svg .end { text-anchor: end; } svg .middle { text-anchor: middle; }
svg .grid { stroke: var(--border); } svg .axis { stroke: var(--control); stroke-width: 1.5; }
svg .point { fill: var(--control); opacity: .35; }
svg .interval { stroke-width: 3; stroke: var(--other); } svg .mean { fill: var(--other); }
svg .interval.twin { stroke: var(--twin); } svg .mean.twin { fill: var(--twin); }
@media print { body { background: #FFFFFF; font-size: 10pt; } main { max-width: none; padding: 0; }
  .scroll { overflow: visible; } table { font-size: 7.5pt; } h2, h3 { break-after: avoid; }
  svg, tr { break-inside: avoid; } }
"""
