/** The page's only style sheet. Colours follow the reader's system; nothing is fetched. */
export const pageStyle = `
:root{color-scheme:light dark;
--bg:light-dark(#fff,#0f1318);--panel:light-dark(#f5f7f9,#171c23);--line:light-dark(#d8dee5,#2b333d);--text:light-dark(#1b2129,#dce3ea);--dim:light-dark(#5d6875,#919daa);
--accent:light-dark(#6d3fd1,#b69bff);--success:light-dark(#1a7f45,#4cc37c);--failed:light-dark(#c62f2f,#ff7068);--stopped:light-dark(#9a6400,#e3a83f);--running:light-dark(#0b6bcb,#58a6ff);--idle:light-dark(#8a94a0,#6d7884);
--logbg:light-dark(#fbfcfd,#0a0d11);--hit:light-dark(#ffe27a,#6b5300);--sel:light-dark(#e8e0fb,#2a2244);
--c0:light-dark(#24292f,#6d7884);--c1:light-dark(#b3261e,#ff7b72);--c2:light-dark(#116329,#56d364);--c3:light-dark(#855600,#e3b341);--c4:light-dark(#0550ae,#79c0ff);--c5:light-dark(#8250df,#d2a8ff);--c6:light-dark(#1b6f78,#56d4dd);--c7:light-dark(#57606a,#c9d1d9);
--c8:light-dark(#6e7781,#8b949e);--c9:light-dark(#a40e26,#ffa198);--c10:light-dark(#1a7f37,#7ee787);--c11:light-dark(#633c01,#f2cc60);--c12:light-dark(#0969da,#a5d6ff);--c13:light-dark(#6639ba,#e2c5ff);--c14:light-dark(#136061,#a5f3fc);--c15:light-dark(#32383f,#fff)}
*{box-sizing:border-box}
body{margin:0;background:var(--bg);color:var(--text);font:14px/1.5 system-ui,sans-serif}
header,section.run{padding:0 20px}
header{border-bottom:1px solid var(--line);display:flex;flex-wrap:wrap;align-items:baseline;gap:0 16px;padding-block:10px}
h1{font-size:18px;margin:0;overflow-wrap:anywhere}h2{font-size:17px;margin:20px 0 4px;overflow-wrap:anywhere}h3{font-size:14px;margin:18px 0 6px}h4{margin:10px 12px 4px}
p{margin:4px 0}a{color:inherit}code{overflow-wrap:anywhere}
.dim,.note{color:var(--dim)}h2 .dim,h4 .dim{font-weight:400;font-size:13px}
.badge{font-size:12px;padding:2px 9px;border-radius:10px;color:var(--bg);background:var(--idle);vertical-align:2px}
.badge.success{background:var(--success)}.badge.failed{background:var(--failed)}.badge.stopped{background:var(--stopped)}.badge.running{background:var(--running)}
.failures{margin:8px 0;padding:8px 12px 8px 28px;border-left:3px solid var(--failed);background:var(--panel);overflow-wrap:anywhere}
.graph{overflow:auto;max-height:60vh;border:1px solid var(--line);border-radius:6px;background:var(--panel)}
.graph svg{display:block}
.edge{fill:none;stroke:var(--idle);stroke-width:1.5}.edge.conditional{stroke-dasharray:5 4}.edge.critical{stroke:var(--accent);stroke-width:2.5}
.node rect{fill:var(--bg);stroke:var(--line);stroke-width:1.2}.node:hover rect,.node:focus rect{fill:var(--sel)}
.node text{fill:var(--text);font:13px system-ui,sans-serif}.node.critical rect{stroke:var(--accent);stroke-width:2.2}
.node{text-decoration:none}.node.skipped text,.node.cancelled text,.node.notstarted text{fill:var(--dim)}
.row .mark{flex:none;width:.9em;text-align:center}.success .mark{color:var(--success);fill:var(--success)}.failed .mark{color:var(--failed);fill:var(--failed)}.stopped .mark{color:var(--stopped);fill:var(--stopped)}.running .mark{color:var(--running);fill:var(--running)}
.path a{color:var(--accent);text-decoration:none}.path a:hover{text-decoration:underline}.path{overflow-wrap:anywhere}
.timeline{width:100%;border-collapse:collapse;table-layout:fixed}
.timeline th{text-align:left;font-weight:400;width:200px;white-space:nowrap;overflow:hidden;text-overflow:ellipsis;padding:0 8px 0 0}
.timeline th.axis{width:auto;overflow:visible}.timeline .time{width:76px;text-align:right;color:var(--dim);padding-left:8px;white-space:nowrap;font-variant-numeric:tabular-nums}
.timeline td{padding:0}.timeline tr:hover{background:var(--panel)}.timeline a{text-decoration:none}.timeline .critical th a{color:var(--accent);font-weight:600}
.legend{font-size:12px;color:var(--dim)}.legend i{display:inline-block;width:14px;height:8px;margin:0 4px 0 14px;background:var(--idle)}.legend i.wait{height:4px;opacity:.5;vertical-align:2px}.legend i.on{height:2px;background:var(--accent);vertical-align:3px}
.bar{display:block;width:100%;overflow:visible}.bar text{fill:var(--dim);font-size:11px}.bar .tick{stroke:var(--line);stroke-width:1}
.bar .task{fill:var(--idle);opacity:.35}.bar .wait{fill:var(--idle);opacity:.35}.bar .path{fill:var(--accent)}
.bar .step{fill:var(--idle);stroke:var(--bg);stroke-width:.6}.bar .step.success{fill:var(--success)}.bar .step.failed{fill:var(--failed)}.bar .step.stopped{fill:var(--stopped)}.bar .step.running{fill:var(--running)}.bar .step.setup.success{fill:var(--idle)}
.bar a:hover .step{opacity:.7}
.logs{display:grid;grid-template:auto minmax(0,1fr)/280px minmax(0,1fr);height:100vh;min-height:320px;margin-top:24px;border-top:1px solid var(--line)}
.tools{grid-column:1/3;display:flex;align-items:center;gap:8px;padding:8px 20px;border-bottom:1px solid var(--line);background:var(--panel)}
.tools h2{margin:0 auto 0 0}.tools input{width:min(340px,50vw);min-width:0}
input,button{font:inherit;color:inherit;background:var(--bg);border:1px solid var(--line);border-radius:5px;padding:3px 9px}button{cursor:pointer}button:disabled{opacity:.5;cursor:default}button:enabled:hover{background:var(--sel)}
#count{min-width:11em;color:var(--dim);font-variant-numeric:tabular-nums;white-space:nowrap}
nav{overflow:auto;border-right:1px solid var(--line);padding-bottom:12px}nav ul{list-style:none;margin:0;padding:0}.task{content-visibility:auto;contain-intrinsic-height:auto 76px}
.row{display:flex;gap:7px;padding:2px 12px;text-decoration:none;align-items:baseline}.row b{font-weight:400;overflow:hidden;text-overflow:ellipsis;white-space:nowrap;flex:1}.row i{font-style:normal;color:var(--dim);font-size:12px;white-space:nowrap}
.task>.row b{font-weight:600}.task .task,.task ul .row{padding-left:28px}a.row:hover{background:var(--panel)}a.row.shown{background:var(--sel)}
.row .hits{font-size:11px;background:var(--hit);border-radius:8px;padding:0 6px}
.row.skipped b,.row.cancelled b,.row.notstarted b{color:var(--dim)}
.viewer{display:grid;grid-template-rows:auto minmax(0,1fr);min-width:0;background:var(--logbg)}
.title{display:flex;gap:10px;align-items:center;padding:5px 12px;border-bottom:1px solid var(--line);min-width:0}.title strong{overflow:hidden;text-overflow:ellipsis;white-space:nowrap}.title button{margin-left:auto;padding:1px 9px}.title span{white-space:nowrap}
#log{overflow:auto;position:relative;font:12.5px/18px ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;overscroll-behavior:contain}
#log:focus-visible{outline:2px solid var(--accent);outline-offset:-2px}
#space{width:1px}#rows{position:absolute;top:0;left:0;min-width:100%}
.l{height:18px;white-space:pre;display:flex;width:max-content;min-width:100%}.l.sel{background:var(--sel)}.l.note{font-style:italic}.l.alone{display:block;width:auto;height:auto;padding:8px 14px;white-space:pre-wrap;overflow-wrap:anywhere}.l.alone .n{display:none}
.n{position:sticky;left:0;flex:none;width:8.5em;padding-right:1.2em;text-align:right;color:var(--idle);background:var(--logbg);text-decoration:none;user-select:none}.l.sel .n{background:var(--sel)}
.t{padding-right:20px;tab-size:8}
mark{background:var(--hit);color:inherit}
.b{font-weight:700}.d{opacity:.65}.i{font-style:italic}.u{text-decoration:underline}.s{text-decoration:line-through}
${Array.from({ length: 16 }, (_, code) => `.f${code}{color:var(--c${code})}.k${code}{background:var(--c${code})}`).join('')}
.inv{filter:invert(1);background:var(--logbg)}
@media (max-width:760px){header,section.run{padding-inline:12px}
.logs{grid-template:auto minmax(0,28vh) minmax(0,1fr)/minmax(0,1fr)}.tools{grid-column:1;flex-wrap:wrap;padding-inline:12px}.tools h2{margin:0;width:100%}#count{min-width:0}.tools input{flex:1}
nav{border-right:0;border-bottom:1px solid var(--line)}.timeline th{width:96px}.timeline .time{width:64px}.n{width:6em;padding-right:.8em}}
@media print{.logs{display:none}.graph{max-height:none}}
`
