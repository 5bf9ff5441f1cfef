/**
 * Sheets are A4 pages with inner margins, so that browsers print no headers of their own. A card with the
 * maximum number of lines takes 63 of its 64 mm with any font.
 */
export const STYLE = `
@page { size: A4; margin: 0 }
* { box-sizing: border-box; margin: 0 }
html { background: #ddd; color: #000; font: 9pt/1.35 "Noto Sans CJK SC", "PingFang SC", "Microsoft YaHei", sans-serif }
.sheet { width: 210mm; height: 296mm; margin: 6mm auto; padding: 10mm; background: #fff; overflow: hidden; break-inside: avoid; break-after: page }
.sheet:last-child { break-after: auto }
header { height: 18mm; overflow: hidden }
h1 { font-size: 15pt; line-height: 8mm }
h1, header p { white-space: nowrap; overflow: hidden; text-overflow: ellipsis }
a { color: #0645ad }
.cards { display: grid; grid-template: repeat(4, 64mm) / repeat(2, 95mm) }
.card { display: flex; align-items: center; padding: 0 3mm 0 1mm; border: 0.2mm dashed #999; overflow: hidden; line-height: 1.2; break-inside: avoid }
.card svg { flex: none; width: 51mm; height: 51mm }
.card div { flex: 1; min-width: 0 }
.card p, .card h2 { display: -webkit-box; -webkit-box-orient: vertical; -webkit-line-clamp: 2; overflow: hidden; overflow-wrap: anywhere }
.card h2 { font-size: 12pt; line-height: 1.15; -webkit-line-clamp: 3 }
.card p { font-size: 8pt }
.card .id { font-size: 9pt; margin-bottom: 1mm }
.card .time { font-size: 9pt; font-weight: 700; margin-top: 1mm }
.card .pc { font-size: 9pt; margin-top: 1mm }
.card .secret, .note { font-size: 7pt; color: #444 }
.code { font: 700 11pt/1.3 "DejaVu Sans Mono", Menlo, Consolas, monospace; white-space: nowrap }
.card.coded { flex-direction: column; align-items: stretch; justify-content: space-between; padding: 0.7mm 2.5mm }
.coded > div { flex: none }
.coded p { -webkit-line-clamp: 1; line-height: 1.15 }
.coded h2 { -webkit-line-clamp: 2; font-size: 11pt; line-height: 1.1 }
.coded .id { -webkit-line-clamp: 2; margin: 0; line-height: 1.1 }
.coded .time { margin: 0 }
.coded .secret { -webkit-line-clamp: 3; line-height: 1.15 }
.devices { display: grid; grid-template-columns: 1fr 1fr }
.devices section { display: flex; align-items: center }
.card .devices svg { width: 24.5mm; height: 24.5mm }
.devices p { font-size: 9pt; font-weight: 700 }
.devices .code span { display: block }
table { width: 100%; border-collapse: collapse; table-layout: fixed }
th, td { padding: 1mm 2mm; border: 0.2mm solid #999; text-align: left; vertical-align: middle; overflow-wrap: anywhere }
tr { break-inside: avoid }
th:first-child, td:first-child { width: 24mm }
th:last-child, td:last-child { width: 50mm }
.note { padding-top: 2mm }
td svg { display: block; width: 45mm; height: 45mm }
table.coded :is(th, td):nth-child(4) { width: 42mm }
table.coded :is(th, td):last-child { width: 34mm }
table.coded td svg { width: 30mm; height: 30mm }
@media print { html { background: none } .sheet { margin: 0 } }
`;
