"""The style sheet of the page: one column on a phone, two on a desk, black on white on paper. Colours by Okabe and Ito."""

STYLE = """
:root{color-scheme:light dark;--ink:#1a1d21;--soft:#565d66;--rule:#d5d9de;--card:#f5f6f7;--page:#fff;
--a:#0072b2;--b:#d55e00;--n:#6b7280;--g:#007a58;--bad:#b3400a;--fade:.16}
@media screen and (prefers-color-scheme:dark){:root{--ink:#e8eaed;--soft:#a7afb9;--rule:#3a4048;--card:#1d2126;
--page:#121417;--a:#56b4e9;--b:#f0a03c;--n:#a7afb9;--g:#3fc79a;--bad:#ff9a5c;--fade:.25}}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%}
body{font:16px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Liberation Sans",sans-serif;max-width:68rem;margin:0 auto;
padding:1.2rem 1rem 3rem;color:var(--ink);background:var(--page);overflow-wrap:break-word}
h1,h2,h3,h4{line-height:1.25;margin:0;font-weight:650;overflow-wrap:anywhere}
h1{font-size:clamp(1.1rem,.9rem + 1.3vw,1.5rem);margin:.15rem 0 .3rem}
h2{font-size:1.15rem;margin:2.4rem 0 .8rem;padding-top:.7rem;border-top:2px solid var(--ink);break-after:avoid}
h3{font-size:1rem;margin:1.8rem 0 .6rem;break-after:avoid}
h4{font-size:.9rem}
p{margin:.35rem 0}
.brand{font-size:.78rem;letter-spacing:.06em;color:var(--soft);margin:0}
.q,.facts{color:var(--soft);font-size:.83rem}
ul.q{padding-left:1.1rem;margin:.5rem 0}
.verdict{border-left:6px solid var(--bad);padding:.1rem 0 .1rem 1rem;margin:.6rem 0 1rem}
.verdict.ok{border-color:var(--g)}
code,pre{font:.83rem/1.45 ui-monospace,SFMono-Regular,Menlo,"Liberation Mono",monospace}
pre{white-space:pre-wrap;overflow-wrap:anywhere;background:var(--card);border:1px solid var(--rule);border-radius:4px;
padding:.45rem .6rem;margin:.4rem 0}
.find{list-style:none;padding:0;margin:0}
.find>li{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,19rem),1fr));gap:.4rem 1.6rem;padding:1rem 0;
border-bottom:1px solid var(--rule)}
.find h3{margin:0 0 .3rem;font-size:1.02rem}
.find figure{max-width:26rem}
.rank{color:var(--bad);margin-right:.45rem}
.scale{display:grid;grid-template-columns:6.2rem 1fr 2.6rem;gap:.1rem .6rem;align-items:center;font-size:.8rem;
color:var(--soft);margin:.5rem 0;max-width:24rem}
.scale svg{width:100%;height:8px;display:block}
.scale b{color:var(--ink);font-weight:600;text-align:right}
.proof{font-variant-numeric:tabular-nums}
figure{margin:0;break-inside:avoid;min-width:0}
figcaption{font-size:.87rem;font-weight:600;margin-bottom:.4rem}
.pair,.charts{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,25rem),1fr));gap:1.4rem 2rem}
.charts figure{max-width:30rem}
.plot{display:grid;grid-template-columns:3.5rem minmax(0,1fr);grid-template-rows:10rem 1.3rem}
.plot img{width:100%;height:100%;display:block;image-rendering:auto}
.up,.across{position:relative;font-size:.69rem;color:var(--soft)}
.up span{position:absolute;right:.4rem;transform:translateY(50%);white-space:nowrap;line-height:1}
.across{grid-column:2}
.across span{position:absolute;top:.3rem;transform:translateX(-50%);white-space:nowrap;line-height:1}
.across span:first-child{transform:none}
.bar{break-inside:avoid}.bars{break-before:avoid}
.bars{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,15rem),1fr));gap:.4rem 1.6rem;margin:.8rem 0 0;
padding-left:3.5rem}
.bar img{width:100%;height:.6rem;display:block}
.bar div{display:flex;justify-content:space-between;font-size:.69rem;color:var(--soft)}
.bar p{font-size:.72rem;margin:0;text-align:center;color:var(--soft)}
figure>svg{width:100%;height:auto;display:block}
svg text{font:11px system-ui,-apple-system,"Segoe UI",Roboto,"Liberation Sans",sans-serif;fill:var(--soft)}
svg text.s{fill:var(--ink);font-size:10px}
.d{stroke-dasharray:5 3}
.t{fill:none;stroke:var(--soft);stroke-width:1}
.l{fill:none;stroke:var(--rule);stroke-width:1}
.a,.b,.n,.g,.m{fill:none;stroke-width:1.7;stroke-linejoin:round}
.a{stroke:var(--a)}.b{stroke:var(--b)}.m{stroke:var(--ink);stroke-width:1.4}
.n{stroke:var(--n);stroke-dasharray:2 3}.g{stroke:var(--g);stroke-dasharray:7 3}
.fa{fill:var(--a);opacity:var(--fade)}.fb{fill:var(--b);opacity:var(--fade)}
.da{fill:var(--a);opacity:.5}.c,.ca{fill:var(--a)}
.ra{fill:var(--page);stroke:var(--a);stroke-width:1.8}
.cm{fill:var(--ink);stroke:var(--page);stroke-width:1.2}
.keys{display:flex;flex-wrap:wrap;gap:.1rem 1rem;font-size:.75rem;color:var(--soft);margin:.15rem 0 0 2.9rem}
.keys span{white-space:nowrap}
.k{width:22px;height:10px;margin-right:.35rem;display:inline-block}
figure .q{margin:.2rem 0 0 2.9rem;font-size:.76rem}
table{border-collapse:collapse;width:100%;font-size:.83rem;font-variant-numeric:tabular-nums}
th,td{border-bottom:1px solid var(--rule);padding:.3rem .6rem .3rem 0;text-align:left;vertical-align:top;
overflow-wrap:anywhere}
thead th{color:var(--soft);font-weight:500}
tr{break-inside:avoid}
.nums{margin-top:1.2rem;max-width:30rem}
.nums td,.nums th{padding-right:.4rem}
.cands{max-width:32rem}
.meter{min-width:7rem;position:relative}
.meter i{position:absolute;left:0;bottom:0;height:3px;background:var(--a);max-width:100%}
.meter b{font-weight:500}
.players{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,17rem),1fr));gap:.9rem 1.4rem}
.player{break-inside:avoid;border:1px solid var(--rule);border-radius:6px;padding:.6rem .8rem}
.player p{font-size:.83rem;margin:.1rem 0 .3rem}
audio{width:100%;display:block;height:2.4rem}
.paper{display:none}
.ways{padding-left:1.1rem}
a{color:var(--a)}
.state{white-space:nowrap;font-weight:600}
@page{margin:14mm 13mm}
@media print{:root{--ink:#000;--soft:#444}
body{padding:0;font-size:10pt;max-width:none}audio{display:none}.paper{display:inline}
*{-webkit-print-color-adjust:exact;print-color-adjust:exact}
.find>li{break-inside:avoid}.plot{grid-template-rows:7.5rem 1.3rem}h2{margin-top:1.6rem}
.pair,.charts{grid-template-columns:1fr 1fr}.find>li{grid-template-columns:1fr 1fr}.players{grid-template-columns:1fr 1fr}
.whole{break-before:page}.whole:first-of-type{break-before:auto}}
"""
