/** The look of every page: one accent, one colour for each status, light and dark as the reader's system is. */

export const STYLE = `:root {
  color-scheme: light dark;
  --back: #f6f7f9; --card: #ffffff; --raised: #f0f2f5; --line: #e1e4ea; --text: #171a21; --soft: #5b6270;
  --accent: #3a4fd0; --accent-soft: #e7eafc; --on-accent: #ffffff;
  --good: #14713f; --good-soft: #dff5e7; --bad: #b4232a; --bad-soft: #fde7e7;
  --warn: #8a5300; --warn-soft: #fdf0d5; --idle: #5b6270; --idle-soft: #eaecf0;
  --shadow: 0 1px 2px rgb(20 25 40 / 6%);
}
@media (prefers-color-scheme: dark) {
  :root {
    --back: #0f1116; --card: #171a21; --raised: #1f232c; --line: #2b303b; --text: #e9ecf2; --soft: #a2aaba;
    --accent: #9dacff; --accent-soft: #252c52; --on-accent: #10131f;
    --good: #5fd796; --good-soft: #14301f; --bad: #ff9a9a; --bad-soft: #3f1c1f;
    --warn: #f3c164; --warn-soft: #3a2c10; --idle: #a2aaba; --idle-soft: #262b35;
    --shadow: none;
  }
}
* { box-sizing: border-box; }
html { scroll-padding-top: 4rem; }
body { margin: 0; background: var(--back); color: var(--text); font: 15px/1.5 system-ui, -apple-system, "Segoe UI", sans-serif; }
a { color: var(--accent); text-decoration: none; }
a:hover { text-decoration: underline; }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; border-radius: 4px; }
code, pre, .mono { font: .86em/1.5 ui-monospace, "SF Mono", "DejaVu Sans Mono", monospace; }
pre { margin: 0; padding: .75rem 1rem; overflow-x: auto; background: var(--raised); border-radius: 8px; white-space: pre-wrap; overflow-wrap: anywhere; }
.skip { position: absolute; left: -999rem; }
.skip:focus { left: 1rem; top: .5rem; background: var(--card); padding: .5rem; z-index: 3; }
.unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
.soft { color: var(--soft); }
.small { font-size: .87rem; }
.bar { position: sticky; top: 0; z-index: 2; background: var(--card); border-bottom: 1px solid var(--line); }
.bar > div { max-width: 78rem; margin: 0 auto; padding: .6rem 1.25rem; display: flex; flex-wrap: wrap; gap: .35rem 1.1rem; align-items: center; }
.brand { display: flex; gap: .55rem; align-items: center; font-weight: 650; color: var(--text); letter-spacing: -.01em; }
.brand img { display: block; }
.bar nav { display: flex; gap: .2rem; }
.bar nav a { padding: .2rem .6rem; border-radius: 6px; color: var(--soft); }
.bar nav a[aria-current] { background: var(--accent-soft); color: var(--accent); font-weight: 600; }
.bar .end { margin-left: auto; display: flex; flex-wrap: wrap; gap: .35rem .7rem; align-items: center; }
.bar form { display: inline; }
main { max-width: 78rem; margin: 0 auto; padding: 1.25rem 1.25rem 4rem; }
h1 { font-size: 1.4rem; line-height: 1.25; letter-spacing: -.015em; margin: .25rem 0 .15rem; overflow-wrap: anywhere; }
h2 { font-size: 1.02rem; margin: 2rem 0 .6rem; letter-spacing: -.005em; }
h2 .soft { font-weight: 400; font-size: .87rem; }
h3 { font-size: .93rem; margin: 0 0 .25rem; }
p { margin: .25rem 0; }
.heading { margin-bottom: .9rem; display: flex; flex-wrap: wrap; gap: .5rem 1rem; align-items: center; }
.heading .actions { margin-left: auto; }
.actions { display: flex; flex-wrap: wrap; gap: .5rem; }
.frame + .actions, .frame + .small, .empty + .small { margin-top: .75rem; }
td.none { color: var(--soft); }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(9.5rem, 1fr)); gap: .75rem; margin-top: 1rem; }
.tile, .card { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: .8rem 1rem; box-shadow: var(--shadow); }
.tile dt { color: var(--soft); font-size: .82rem; }
.tile dd { margin: 0; font-size: 1.5rem; font-weight: 620; letter-spacing: -.02em; line-height: 1.3; font-variant-numeric: tabular-nums; }
.tile dd small { display: block; font-size: .8rem; font-weight: 400; letter-spacing: 0; color: var(--soft); }
.tile.bad dd { color: var(--bad); } .tile.good dd { color: var(--good); } .tile.warn dd { color: var(--warn); }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(20rem, 100%), 1fr)); gap: .75rem; }
.chart { margin: 0; }
.chart svg { display: block; width: 100%; height: auto; margin-top: .4rem; overflow: visible; }
.chart text { font: 11px system-ui, sans-serif; fill: var(--soft); }
.chart .grid { stroke: var(--line); }
.chart .good { fill: var(--good); } .chart .bad { fill: var(--bad); } .chart .warn { fill: var(--warn); }
.chart .accent { fill: var(--accent); } .chart rect.pale { fill: var(--accent); opacity: .3; }
.legend { display: flex; gap: 1rem; font-size: .8rem; color: var(--soft); }
.legend span::before { content: ""; display: inline-block; width: .6rem; height: .6rem; border-radius: 2px; margin-right: .35rem; background: var(--accent); }
.legend .good::before { background: var(--good); } .legend .bad::before { background: var(--bad); }
.legend .warn::before { background: var(--warn); } .legend .pale::before { opacity: .3; }
.frame { overflow-x: auto; background: var(--card); border: 1px solid var(--line); border-radius: 10px; box-shadow: var(--shadow); }
table { border-collapse: collapse; width: 100%; }
th, td { padding: .5rem .9rem; text-align: left; vertical-align: top; }
thead th { font-weight: 600; color: var(--soft); font-size: .8rem; white-space: nowrap; border-bottom: 1px solid var(--line); background: var(--raised); }
tbody tr + tr > * { border-top: 1px solid var(--line); }
tbody tr:hover { background: color-mix(in srgb, var(--raised) 55%, transparent); }
tbody th { font-weight: 600; min-width: 9.5rem; overflow-wrap: anywhere; }
.stack td { overflow-wrap: break-word; }
td .mono { font-size: .82rem; }
.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
td .soft { font-size: .87rem; }
td form { margin-top: .45rem; }
td.wide { overflow-wrap: anywhere; min-width: 13rem; }
.clip { display: -webkit-box; -webkit-line-clamp: 2; -webkit-box-orient: vertical; overflow: hidden; }
.pill { display: inline-flex; align-items: center; gap: .35rem; padding: .05rem .55rem; border-radius: 99px; font-size: .8rem; font-weight: 600; white-space: nowrap; background: var(--idle-soft); color: var(--idle); }
.pill::before { content: ""; width: .42rem; height: .42rem; border-radius: 50%; background: currentColor; }
.pill.good { background: var(--good-soft); color: var(--good); } .pill.bad { background: var(--bad-soft); color: var(--bad); }
.pill.warn { background: var(--warn-soft); color: var(--warn); } .pill.busy { background: var(--accent-soft); color: var(--accent); }
.tag { padding: .05rem .5rem; border-radius: 6px; border: 1px solid var(--line); font-size: .8rem; color: var(--soft); white-space: nowrap; }
progress { appearance: none; width: 8.5rem; height: .45rem; border: 0; border-radius: 9px; background: var(--idle-soft); vertical-align: middle; overflow: hidden; }
progress::-webkit-progress-bar { background: var(--idle-soft); }
progress::-webkit-progress-value { background: var(--accent); border-radius: 9px; }
progress::-moz-progress-bar { background: var(--accent); }
.note { border: 1px solid var(--line); border-left: 4px solid var(--accent); background: var(--card); border-radius: 8px; padding: .7rem 1rem; margin: 1rem 0; }
.note.bad { border-left-color: var(--bad); } .note.warn { border-left-color: var(--warn); } .note.good { border-left-color: var(--good); }
.note pre { margin: .5rem 0; }
.facts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(15rem, 100%), 1fr)); gap: .7rem 1.5rem; margin: 0; }
.facts dt { color: var(--soft); font-size: .82rem; }
.facts dd { margin: 0; overflow-wrap: anywhere; }
.filter { display: flex; flex-wrap: wrap; gap: .6rem; align-items: end; margin-bottom: .75rem; }
label { display: grid; gap: .15rem; font-size: .82rem; color: var(--soft); }
input, select { font: inherit; color: var(--text); background: var(--card); border: 1px solid var(--line); border-radius: 7px; padding: .35rem .6rem; height: 2.3rem; min-width: 9rem; max-width: 100%; }
time { white-space: nowrap; }
button, .button { display: inline-block; font: inherit; font-weight: 600; padding: .35rem .85rem; height: 2.3rem; border-radius: 7px; border: 1px solid var(--line); background: var(--card); color: var(--text); cursor: pointer; }
button:hover, .button:hover { background: var(--raised); text-decoration: none; }
button.main { background: var(--accent); border-color: var(--accent); color: var(--on-accent); }
button.plain { height: auto; border: 0; background: none; color: var(--accent); padding: 0; font-weight: 400; }
.paging { display: flex; gap: 1rem; margin: .75rem .1rem; }
.empty { padding: 1rem; color: var(--soft); background: var(--card); border: 1px dashed var(--line); border-radius: 10px; }
.narrow { max-width: 26rem; margin: 8vh auto 0; }
.narrow form { display: grid; gap: .9rem; margin-top: 1rem; }
.timeline svg { display: block; width: 100%; height: 1.1rem; min-width: 8rem; }
.timeline .track { fill: var(--idle-soft); }
.timeline .done { fill: var(--good); } .timeline .failed { fill: var(--bad); } .timeline .running { fill: var(--accent); } .timeline .skipped { fill: var(--idle); opacity: .5; }
.timeline td:nth-child(3) { width: 45%; }
.live::before { content: ""; display: inline-block; width: .5rem; height: .5rem; border-radius: 50%; margin-right: .35rem; background: var(--idle); }
.live[data-state="on"]::before { background: var(--good); }
.live[data-state="off"]::before { background: var(--warn); }
footer { max-width: 78rem; margin: 0 auto; padding: 0 1.25rem 2rem; color: var(--soft); font-size: .82rem; }
@media (max-width: 46rem) {
  main { padding: 1rem .8rem 3rem; }
  .bar > div { padding: .5rem .8rem; }
  .bar .end { margin-left: 0; width: 100%; }
  .bar { position: static; }
  .tiles { grid-template-columns: repeat(2, 1fr); }
  .stack thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
  .stack, .stack tbody, .stack tr, .stack td, .stack tbody th { display: block; width: 100%; }
  .stack tr { padding: .55rem .9rem; }
  .stack td, .stack tbody th { padding: .1rem 0; border: 0 !important; text-align: left; white-space: normal; overflow-wrap: anywhere; min-width: 0; }
  .stack tbody tr + tr { border-top: 1px solid var(--line); }
  .stack td[data-label] { display: grid; grid-template-columns: 7rem minmax(0, 1fr); gap: .5rem; }
  .stack td[data-label]::before { content: attr(data-label); color: var(--soft); font-size: .82rem; padding-top: .1rem; }
  .stack td.none[data-label] { display: none; }
  .timeline td:nth-child(3) { width: 100%; }
  .filter label { flex: 1 1 8rem; }
  .filter input, .filter select { width: 100%; min-width: 0; }
}
@media (prefers-reduced-motion: no-preference) {
  .pill.busy::before { animation: pulse 1.6s ease-in-out infinite; }
  @keyframes pulse { 50% { opacity: .25; } }
}
`;
