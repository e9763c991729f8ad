/** The report's look: light and dark as the reader's system has it; wide tables scroll in their own box on a phone. */
export const htmlStyle = `
:root {
  --page: #ffffff; --text: #1b1f24; --quiet: #57606a; --rule: #d8dee4; --head: #f3f5f7; --focus: #0b57d0;
  --ours: #0b57d0; --baseline: #6e7781; --other: #b3bcc6; --met: #0f6b2f; --missed: #a3261b;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #15181c; --text: #e6e9ec; --quiet: #a2abb5; --rule: #343c45; --head: #1f242a; --focus: #8ab4f8;
    --ours: #6ea3f5; --baseline: #9aa4ae; --other: #515b66; --met: #7fd49a; --missed: #ff9a8f;
  }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--text); font: 1rem/1.5 system-ui, sans-serif; }
main { max-width: 66rem; margin: 0 auto; padding: 1rem; }
h1 { font-size: 1.6rem; line-height: 1.2; }
h2 { font-size: 1.25rem; margin-top: 2.5rem; }
h3 { font-size: 1rem; margin: 2rem 0 0.5rem; }
p { max-width: 46rem; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 0.1rem 1rem; font-size: 0.9rem; }
dt { color: var(--quiet); }
dd { margin: 0; }
.note { color: var(--quiet); font-size: 0.9rem; }
.plots { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 25rem), 1fr)); gap: 1rem 1.5rem; align-items: start; }
svg { width: 100%; max-width: 32rem; height: auto; }
svg text { fill: var(--text); font: 12px system-ui, sans-serif; font-variant-numeric: tabular-nums; }
svg .head { font-weight: 600; }
svg .value, svg .tick { fill: var(--quiet); }
svg .tick { font-size: 11px; }
svg .grid { stroke: var(--rule); }
svg .whisker { stroke: var(--text); stroke-width: 1.2; fill: none; }
svg .ours .bar { fill: var(--ours); }
svg .ours .name { font-weight: 600; }
svg .baseline .bar { fill: var(--baseline); }
svg .other .bar { fill: var(--other); }
.scroll { overflow-x: auto; margin-top: 0.5rem; }
.scroll:focus-visible { outline: 2px solid var(--focus); }
table { border-collapse: collapse; font-size: 0.85rem; font-variant-numeric: tabular-nums; }
caption::first-letter { text-transform: uppercase; }
caption { text-align: left; color: var(--quiet); padding: 0.25rem 0; }
th, td { padding: 0.25rem 0.6rem; text-align: right; white-space: nowrap; border-bottom: 1px solid var(--rule); }
thead th, thead td { background: var(--head); }
tbody th, thead th:first-child { text-align: left; font-weight: 400; }
tbody th { position: sticky; left: 0; background: var(--page); }
@media (max-width: 40rem) { tbody th { position: static; white-space: normal; min-width: 11rem; } }
.met { color: var(--met); font-weight: 600; }
.missed { color: var(--missed); font-weight: 600; }
`
