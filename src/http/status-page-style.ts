/** The look of the status page, light and dark as the reader's system is. */

export const STYLE = `
:root { color-scheme: light dark; --text: #1c2024; --soft: #60646c; --line: #d9dce1; --back: #fcfcfd; --card: #ffffff;
  --good: #18794e; --bad: #c62a2f; --busy: #0b68cb; --warn: #8f5b00; }
@media (prefers-color-scheme: dark) { :root { --text: #edeef0; --soft: #b0b4ba; --line: #33373d; --back: #111113;
  --card: #18191b; --good: #3dd68c; --bad: #ff8589; --busy: #70b8ff; --warn: #ffca16; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 80rem; padding: 1.5rem 1rem 4rem; background: var(--back); color: var(--text);
  font: 15px/1.5 system-ui, sans-serif; }
header { display: flex; flex-wrap: wrap; gap: .5rem 1.5rem; align-items: baseline; justify-content: space-between; }
h1 { font-size: 1.35rem; margin: 0; }
h2 { font-size: 1.05rem; margin: 2rem 0 .5rem; }
p { margin: .25rem 0; }
a { color: var(--busy); }
.soft { color: var(--soft); }
.frame { overflow-x: auto; border: 1px solid var(--line); border-radius: 8px; background: var(--card); }
table { border-collapse: collapse; width: 100%; }
th, td { padding: .45rem .75rem; text-align: left; vertical-align: top; white-space: nowrap; }
th { font-weight: 600; color: var(--soft); font-size: .85rem; }
tr + tr td, thead + tbody td { border-top: 1px solid var(--line); }
td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; }
td.wide { white-space: normal; min-width: 16rem; overflow-wrap: anywhere; }
.good { color: var(--good); } .bad { color: var(--bad); } .busy { color: var(--busy); } .warn { color: var(--warn); }
progress { width: 10rem; accent-color: var(--busy); }
`;
