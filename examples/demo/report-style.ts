/** The report's look: light and dark as the reader's system has it, and narrow enough for a phone. */
export const reportStyle = `
:root {
  --page: #ffffff; --text: #1b1f24; --quiet: #57606a; --rule: #d0d7de; --head: #f3f5f7;
  --lost: #b3261e; --kept: #116329; --focus: #0b57d0;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #15181c; --text: #e6e9ec; --quiet: #a2abb5; --rule: #3a424b; --head: #1f242a;
    --lost: #ff8a80; --kept: #7fd99a; --focus: #8ab4f8;
  }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--text); font: 1rem/1.5 system-ui, sans-serif; }
main { max-width: 60rem; margin: 0 auto; padding: 1rem; }
h1 { font-size: 1.6rem; line-height: 1.2; }
h2 { font-size: 1.2rem; margin-top: 2rem; }
.scroll { overflow-x: auto; }
.scroll:focus-visible { outline: 2px solid var(--focus); }
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
@media (max-width: 40rem) { th, td { padding: 0.3rem; } table { font-size: 0.85rem; } }
details { margin: 1rem 0; }
`
