/** The report's look: light and dark as the reader's system has it; wide maps scroll in their own box on a phone. */
export const reportStyle = `
:root {
  --page: #ffffff; --text: #1b1f24; --quiet: #57606a; --rule: #d0d7de; --head: #f3f5f7; --focus: #0b57d0;
  --l0: #e6f4ea; --l0t: #0f5223; --l1: #fff1c2; --l1t: #4a3600; --l2: #ffd08a; --l2t: #4a2a00;
  --l3: #f4905f; --l3t: #2e0d00; --l4: #b3261e; --l4t: #ffffff;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #15181c; --text: #e6e9ec; --quiet: #a2abb5; --rule: #3a424b; --head: #1f242a; --focus: #8ab4f8;
    --l0: #17301f; --l0t: #9fe0b3; --l1: #453a10; --l1t: #ffe9a6; --l2: #6b4306; --l2t: #ffe0b3;
    --l3: #9a4413; --l3t: #fff0e6; --l4: #e0574b; --l4t: #1d0402;
  }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--text); font: 1rem/1.5 system-ui, sans-serif; }
main { max-width: 64rem; margin: 0 auto; padding: 1rem; }
h1 { font-size: 1.6rem; line-height: 1.2; }
h2 { font-size: 1.2rem; margin-top: 2rem; }
.verdict { font-weight: 600; }
.scroll { overflow-x: auto; }
.scroll:focus-visible, summary:focus-visible { outline: 2px solid var(--focus); }
table { border-collapse: separate; border-spacing: 1px; font-size: 0.85rem; font-variant-numeric: tabular-nums; }
caption { text-align: left; color: var(--quiet); padding: 0.25rem 0; }
th, td { padding: 0.2rem 0.35rem; text-align: right; white-space: nowrap; }
thead th, thead td { background: var(--head); text-align: center; }
tbody th { text-align: left; font-weight: 400; position: sticky; left: 0; background: var(--page); }
thead td { position: sticky; left: 0; }
tbody td { min-width: 2.2rem; }
.start, .group { border-left: 2px solid var(--rule); }
abbr { text-decoration: none; }
sup { line-height: 0; font-size: 0.7em; }
.none { color: var(--quiet); }
.l0 { background: var(--l0); color: var(--l0t); }
.l1 { background: var(--l1); color: var(--l1t); }
.l2 { background: var(--l2); color: var(--l2t); }
.l3 { background: var(--l3); color: var(--l3t); font-weight: 600; }
.l4 { background: var(--l4); color: var(--l4t); font-weight: 700; }
.key { list-style: none; display: flex; flex-wrap: wrap; gap: 0.25rem 1rem; padding: 0; margin: 0.25rem 0; font-size: 0.85rem; }
.swatch { display: inline-block; padding: 0 0.5rem; }
.sums td { padding-left: 1rem; }
details { margin: 0.5rem 0; }
summary { cursor: pointer; }
pre { background: var(--head); padding: 0.5rem; font-size: 0.8rem; max-height: 30rem; overflow: auto; }
`
