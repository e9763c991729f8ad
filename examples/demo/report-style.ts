/** The report's look: light and dark as the reader's system has it, and narrow enough for a phone. */
export const reportStyle = `
:root {
  --page: #ffffff; --text: #1b1f24; --quiet: #57606a; --rule: #d0d7de; --head: #f3f5f7;
  --lost: #b3261e; --kept: #116329; --client: #0b57d0; --server: #7a3fb4; --band-0: #f1f6fe; --band-1: #f0faf3;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #15181c; --text: #e6e9ec; --quiet: #a2abb5; --rule: #3a424b; --head: #1f242a;
    --lost: #ff8a80; --kept: #7fd99a; --client: #8ab4f8; --server: #d2a8ff; --band-0: #1a2330; --band-1: #182820;
  }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--text); font: 1rem/1.5 system-ui, sans-serif; }
main { max-width: 60rem; margin: 0 auto; padding: 1rem; }
h1 { font-size: 1.6rem; line-height: 1.2; }
h2 { font-size: 1.2rem; margin-top: 2rem; }
.scroll { overflow-x: auto; }
.scroll:focus-visible { outline: 2px solid var(--client); }
table { border-collapse: collapse; width: 100%; font-size: 0.9rem; }
caption { text-align: left; color: var(--quiet); padding: 0.25rem 0; }
th, td { padding: 0.3rem 0.6rem; text-align: left; vertical-align: top; }
thead th { background: var(--head); }
tbody { border-top: 1px solid var(--rule); }
tbody th { font-weight: 400; }
tbody th[scope=rowgroup] { font-weight: 600; max-width: 11rem; }
.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.lost { color: var(--lost); font-weight: 600; }
.kept { color: var(--kept); }
tr.lastword th[scope=row] { font-weight: 600; }
dt { font-weight: 600; }
dd { margin: 0 0 0.5rem 1rem; }
.ladder { display: block; width: 100%; min-width: 38rem; max-width: 48rem; font: 13px system-ui, sans-serif; }
.ladder text { fill: var(--text); }
.ladder .who { font-weight: 600; font-size: 15px; }
.ladder .time { fill: var(--quiet); font-size: 12px; font-variant-numeric: tabular-nums; }
.ladder .note { fill: var(--quiet); font-style: italic; }
.ladder .life { stroke: var(--quiet); stroke-width: 1.5; }
.ladder .arrow { stroke-width: 1.5; }
.ladder .from-client { stroke: var(--client); }
.ladder .from-server { stroke: var(--server); }
.ladder .head { fill: var(--quiet); }
.ladder .band-0 { fill: var(--band-0); }
.ladder .band-1 { fill: var(--band-1); }
.ladder .link-opened, .ladder .link-ended { stroke: var(--kept); stroke-dasharray: 2 3; }
.ladder .link-cut { stroke: var(--lost); stroke-width: 2; stroke-dasharray: 6 4; }
.ladder .link-cut-label { fill: var(--lost); font-weight: 600; }
@media (max-width: 40rem) { th, td { padding: 0.3rem; } table { font-size: 0.85rem; } }
details { margin: 1rem 0; }
`
