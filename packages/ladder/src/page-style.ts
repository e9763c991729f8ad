/** The look of the rows alone, for pages of others: light and dark as the reader's system has it. */
export const ladderStyle = `
:root { --ladder-page: #ffffff; --ladder-quiet: #57606a; --ladder-band: #f3f5f7; --ladder-bad: #b3261e;
  --ladder-good: #116329; --ladder-client: #0b57d0; --ladder-server: #7a3fb4; --ladder-mark: #7d4e00; }
@media (prefers-color-scheme: dark) {
  :root { --ladder-page: #15181c; --ladder-quiet: #a2abb5; --ladder-band: #1f242a; --ladder-bad: #ff8a80;
    --ladder-good: #7fd99a; --ladder-client: #8ab4f8; --ladder-server: #d2a8ff; --ladder-mark: #f2c063; }
}
.ladder-ends { position: sticky; top: 0; z-index: 1; display: flex; justify-content: space-between; margin-left: 7.5rem;
  background: var(--ladder-page); font-weight: 600; padding: 0.25rem 0; }
.ladder-ends .client { color: var(--ladder-client); }
.ladder-ends .server { color: var(--ladder-server); }
.ladder { list-style: none; margin: 0; padding: 0; overflow-wrap: anywhere; }
.ladder .hidden { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
.ladder .row { display: grid; grid-template-columns: 7.5rem 1fr; }
.ladder .time { color: var(--ladder-quiet); font-size: 0.85rem; font-variant-numeric: tabular-nums; text-align: right;
  padding: 0.35rem 0.75rem 0 0; }
.ladder .wire { border: solid var(--ladder-quiet); border-width: 0 2px; padding: 0.35rem 0.75rem 0.5rem; min-width: 0; }
.ladder .wire p { margin: 0; }
.ladder .from-server > .wire { text-align: right; }
.ladder .from-server details, .ladder .from-server .batch { text-align: left; }
.ladder .arrow { position: relative; height: 0; margin: 0.4rem -0.75rem 0.15rem; border-top: 2px solid; }
.ladder .from-client .arrow { color: var(--ladder-client); }
.ladder .from-server .arrow { color: var(--ladder-server); }
.ladder .arrow::after { content: ''; position: absolute; top: -0.4rem; border: solid transparent; border-width: 0.35rem 0.6rem; }
.ladder .from-client .arrow::after { right: 0; border-left-color: currentColor; border-right-width: 0; }
.ladder .from-server .arrow::after { left: 0; border-right-color: currentColor; border-left-width: 0; }
.ladder .missing .arrow { border-top-style: dashed; color: var(--ladder-bad); }
.ladder .missing.from-client .arrow { margin-right: 20%; }
.ladder .missing.from-server .arrow { margin-left: 20%; }
.ladder .missing .arrow::after { content: '\\2715'; border: 0; top: -0.85rem; font-weight: 700; line-height: 1.6rem; }
.ladder .missing.from-client .arrow::after { right: -1.2rem; }
.ladder .missing.from-server .arrow::after { left: -1.2rem; }
.ladder .words { font-weight: 600; }
.ladder .about { color: var(--ladder-quiet); font-size: 0.9rem; }
.ladder code { font: 0.85em ui-monospace, monospace; color: var(--ladder-quiet); }
.ladder .batch { margin: 0.15rem 0; padding-left: 1.25rem; }
.ladder .mark, .ladder .lost { display: inline-block; border: 1px solid; border-radius: 0.25rem; padding: 0 0.35rem;
  font-size: 0.8rem; font-weight: 600; }
.ladder .mark { color: var(--ladder-mark); }
.ladder .lost { color: var(--ladder-bad); }
.ladder .link > .wire { background: var(--ladder-band); text-align: center; color: var(--ladder-good); }
.ladder .link.unclean > .wire { color: var(--ladder-bad); font-weight: 600; }
.ladder .left-out > .wire { text-align: center; color: var(--ladder-quiet); font-style: italic; border-style: dotted;
  padding-block: 0.75rem; }
.ladder details { margin: 0.15rem 0; }
.ladder summary { cursor: pointer; }
.ladder pre { margin: 0.25rem 0; padding: 0.5rem; background: var(--ladder-band); white-space: pre-wrap;
  font: 0.85em ui-monospace, monospace; }
@media (max-width: 40rem) {
  .ladder-ends { margin-left: 0; }
  .ladder .row { grid-template-columns: 1fr; }
  .ladder .time { text-align: left; padding: 0.3rem 0.5rem 0; border: solid var(--ladder-quiet); border-width: 0 2px; }
  .ladder .from-server > .time { text-align: right; }
  .ladder .link > .time { background: var(--ladder-band); }
  .ladder .link > .time, .ladder .left-out > .time { text-align: center; }
  .ladder .wire { padding-top: 0; padding-inline: 0.5rem; }
  .ladder .arrow { margin-inline: -0.5rem; }
}
@media print { .ladder-ends { position: static; } }
`

/** The whole page's look, narrow enough for a phone. */
export const pageStyle = `${ladderStyle}
:root { color-scheme: light dark; --text: #1b1f24; }
@media (prefers-color-scheme: dark) { :root { --text: #e6e9ec; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--ladder-page); color: var(--text); font: 1rem/1.45 system-ui, sans-serif;
  overflow-wrap: anywhere; }
main { max-width: 64rem; margin: 0 auto; padding: 1rem; }
h1 { font-size: 1.5rem; line-height: 1.2; }
h2 { font-size: 1.2rem; margin-top: 2.5rem; }
a { color: var(--ladder-client); }
:focus-visible { outline: 2px solid var(--ladder-client); outline-offset: 2px; }
.cautions { border-left: 4px solid var(--ladder-bad); margin: 1rem 0; padding: 0.25rem 1rem 0.25rem 2rem; }
.quiet { color: var(--ladder-quiet); font-size: 0.9rem; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 0.15rem 1rem; margin: 0.75rem 0; }
dt { color: var(--ladder-quiet); }
dd { margin: 0; }
summary { cursor: pointer; }
@media (max-width: 40rem) {
  main { padding: 0.6rem; }
  dl { grid-template-columns: 1fr; gap: 0; }
  dd { margin: 0 0 0.35rem; }
}
`
