/** The page's look: light and dark as the reader's system has it, and narrow enough for a phone. */
export const pageStyle = `
:root {
  color-scheme: light dark;
  --page: #ffffff; --text: #1b1f24; --quiet: #57606a; --rule: #d0d7de; --band: #f3f5f7;
  --bad: #b3261e; --good: #116329; --client: #0b57d0; --server: #7a3fb4; --mark: #7d4e00;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #15181c; --text: #e6e9ec; --quiet: #a2abb5; --rule: #3a424b; --band: #1f242a;
    --bad: #ff8a80; --good: #7fd99a; --client: #8ab4f8; --server: #d2a8ff; --mark: #f2c063;
  }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--text); font: 1rem/1.45 system-ui, sans-serif; overflow-wrap: anywhere; }
main { max-width: 64rem; margin: 0 auto; padding: 1rem; }
h1 { font-size: 1.5rem; line-height: 1.2; }
h2 { font-size: 1.2rem; margin-top: 2.5rem; }
a { color: var(--client); }
:focus-visible { outline: 2px solid var(--client); outline-offset: 2px; }
.cautions { border-left: 4px solid var(--bad); margin: 1rem 0; padding: 0.25rem 1rem 0.25rem 2rem; }
.quiet { color: var(--quiet); font-size: 0.9rem; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 0.15rem 1rem; margin: 0.75rem 0; }
dt { color: var(--quiet); }
dd { margin: 0; }
.hidden { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
.ends { position: sticky; top: 0; z-index: 1; display: flex; justify-content: space-between; margin-left: 7.5rem;
  background: var(--page); border-bottom: 1px solid var(--rule); font-weight: 600; padding: 0.25rem 0; }
.ends .client { color: var(--client); }
.ends .server { color: var(--server); }
.ladder { list-style: none; margin: 0; padding: 0; }
.row { display: grid; grid-template-columns: 7.5rem 1fr; }
.time { color: var(--quiet); font-size: 0.85rem; font-variant-numeric: tabular-nums; text-align: right; padding: 0.35rem 0.75rem 0 0; }
.wire { border: solid var(--quiet); border-width: 0 2px; padding: 0.35rem 0.75rem 0.5rem; min-width: 0; }
.from-server > .wire { text-align: right; }
.from-server details, .from-server .batch { text-align: left; }
.arrow { position: relative; height: 0; margin: 0.4rem -0.75rem 0.15rem; border-top: 2px solid; }
.from-client .arrow { color: var(--client); }
.from-server .arrow { color: var(--server); }
.arrow::after { content: ''; position: absolute; top: -0.4rem; border: solid transparent; border-width: 0.35rem 0.6rem; }
.from-client .arrow::after { right: 0; border-left-color: currentColor; border-right-width: 0; }
.from-server .arrow::after { left: 0; border-right-color: currentColor; border-left-width: 0; }
.missing .arrow { border-top-style: dashed; color: var(--bad); }
.missing.from-client .arrow { margin-right: 20%; }
.missing.from-server .arrow { margin-left: 20%; }
.missing .arrow::after { content: '\\2715'; border: 0; top: -0.85rem; font-weight: 700; line-height: 1.6rem; }
.missing.from-client .arrow::after { right: -1.2rem; }
.missing.from-server .arrow::after { left: -1.2rem; }
.wire p { margin: 0; }
.words { font-weight: 600; }
code { font: 0.85em ui-monospace, monospace; color: var(--quiet); }
.batch { margin: 0.15rem 0; padding-left: 1.25rem; }
.mark, .lost { display: inline-block; border: 1px solid; border-radius: 0.25rem; padding: 0 0.35rem; font-size: 0.8rem; }
.mark { color: var(--mark); }
.lost { color: var(--bad); font-weight: 600; }
.link > .wire { background: var(--band); text-align: center; color: var(--good); }
.link.unclean > .wire { color: var(--bad); font-weight: 600; }
.left-out > .wire { text-align: center; color: var(--quiet); font-style: italic; border-style: dotted; padding-block: 0.75rem; }
details { margin: 0.15rem 0; }
summary { cursor: pointer; }
pre { margin: 0.25rem 0; padding: 0.5rem; background: var(--band); white-space: pre-wrap; font: 0.85em ui-monospace, monospace; }
@media (max-width: 40rem) {
  main { padding: 0.6rem; }
  dl { grid-template-columns: 1fr; gap: 0; }
  dd { margin: 0 0 0.35rem; }
  .ends { margin-left: 0; }
  .row { grid-template-columns: 1fr; }
  .time { text-align: left; padding: 0.3rem 0.5rem 0; border: solid var(--quiet); border-width: 0 2px; }
  .from-server > .time { text-align: right; }
  .link > .time { background: var(--band); text-align: center; }
  .left-out > .time { text-align: center; }
  .wire { padding-top: 0; padding-inline: 0.5rem; }
  .arrow { margin-inline: -0.5rem; }
}
@media print { .ends { position: static; } }
`
