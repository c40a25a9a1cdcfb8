/** What runs in the page: shows one log at a time, only the lines in sight, decoding only the chunks that hold them; searches all
 *  of them piece by piece. Plain JavaScript of current browsers, in one text because the page holds its script. Its classes are
 *  those of `page-style.ts`, its input the index and the chunks that `render-page.ts` writes. */
export const pageScript = String.raw`
'use strict';
(() => {
const LINE = 18, SPACE_MAX = 8000000, CACHED = 16, MATCHES_MAX = 100000;
const byId = (id) => document.getElementById(id);
const steps = JSON.parse(byId('logs').textContent).steps;
const log = byId('log'), space = byId('space'), rows = byId('rows'), query = byId('query'), count = byId('count');
const stepById = new Map(steps.map((step, index) => [step.id, index]));
for (const step of steps) {
  // starts[n]: the first row of chunk n; rows and line numbers differ where lines were left out.
  step.starts = [];
  step.total = 0;
  for (const chunk of step.chunks) { step.starts.push(step.total); step.total += chunk[1]; }
}

// ---- chunks

const cache = new Map();
let parsed = document.readyState === 'loading' ? new Promise((done) => document.addEventListener('DOMContentLoaded', done)) : null;

async function decode(number) {
  let element = byId('c' + number);
  // The page may still be loading, and half of an element is no chunk.
  if (parsed !== null && (element === null || element.nextElementSibling === null)) { await parsed; parsed = null; element = byId('c' + number); }
  if (element === null) return 'this page ends before this line: it was not loaded or not written in full\n';
  const base64 = element.textContent;
  const bytes = Uint8Array.fromBase64 ? Uint8Array.fromBase64(base64) : Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('deflate-raw'));
  return await new Response(stream).text();
}

function chunkText(chunk) { return chunk[0] === 0 ? chunk[3] + '\n' : decode(chunk[0]); }

/** Lines with the colours that each begins with; undefined until they are decoded, after which 'draw' is called. */
function linesOf(chunk) {
  const found = cache.get(chunk);
  if (found !== undefined) { cache.delete(chunk); cache.set(chunk, found); return found.lines; }
  const entry = { lines: undefined };
  cache.set(chunk, entry);
  for (const key of cache.keys()) { if (cache.size <= CACHED) break; cache.delete(key); }
  Promise.resolve(chunkText(chunk)).then((text) => {
    const lines = text.split('\n');
    lines.pop();
    entry.lines = text.includes('\x1b') ? coloured(lines) : lines.map((line) => [line, '']);
    draw();
  });
  return undefined;
}

const sgr = /\x1b\[([0-9;:]*)m/g;

function coloured(lines) {
  let before = '';
  return lines.map((line) => {
    const entry = [line, before];
    for (const match of line.matchAll(sgr)) before = match[1] === '' || match[1] === '0' ? '' : (before + match[0]).slice(-400);
    return entry;
  });
}

const plain = (text) => text.includes('\x1b') ? text.replace(sgr, '') : text;

// ---- colours

function applyCodes(state, codes) {
  const list = (codes === '' ? '0' : codes).replaceAll(':', ';').split(';').map(Number);
  for (let at = 0; at < list.length; at += 1) {
    const code = list[at];
    if (code === 0) { for (const key of Object.keys(state)) delete state[key]; }
    else if (code === 1) state.b = true;
    else if (code === 2) state.d = true;
    else if (code === 3) state.i = true;
    else if (code === 4) state.u = true;
    else if (code === 7) state.inv = true;
    else if (code === 9) state.s = true;
    else if (code === 22) { delete state.b; delete state.d; }
    else if (code === 23) delete state.i;
    else if (code === 24) delete state.u;
    else if (code === 27) delete state.inv;
    else if (code === 29) delete state.s;
    else if (code === 39) delete state.f;
    else if (code === 49) delete state.k;
    else if (code >= 30 && code <= 37) state.f = code - 30;
    else if (code >= 40 && code <= 47) state.k = code - 40;
    else if (code >= 90 && code <= 97) state.f = code - 82;
    else if (code >= 100 && code <= 107) state.k = code - 92;
    else if (code === 38 || code === 48) {
      const key = code === 38 ? 'f' : 'k';
      if (list[at + 1] === 5) { state[key] = indexed(list[at + 2]); at += 2; }
      else if (list[at + 1] === 2) { state[key] = 'rgb(' + list.slice(at + 2, at + 5).map((value) => value & 255).join(',') + ')'; at += 4; }
    }
  }
}

function indexed(code) {
  if (!(code >= 16)) return code | 0;
  if (code > 231) { const grey = 8 + 10 * (code - 232); return 'rgb(' + grey + ',' + grey + ',' + grey + ')'; }
  const part = (value) => value === 0 ? 0 : 55 + 40 * value;
  const rest = code - 16;
  return 'rgb(' + part(Math.floor(rest / 36)) + ',' + part(Math.floor(rest / 6) % 6) + ',' + part(rest % 6) + ')';
}

/** A line as pieces of one look each. */
function pieces(line, before) {
  if (!line.includes('\x1b') && before === '') return [{ text: line, state: {} }];
  const state = {}, found = [];
  for (const match of before.matchAll(sgr)) applyCodes(state, match[1]);
  let from = 0;
  for (const match of line.matchAll(sgr)) {
    if (match.index > from) found.push({ text: line.slice(from, match.index), state: { ...state } });
    applyCodes(state, match[1]);
    from = match.index + match[0].length;
  }
  if (from < line.length) found.push({ text: line.slice(from), state: { ...state } });
  return found;
}

function styled(text, state, isHit) {
  const keys = Object.keys(state);
  if (keys.length === 0 && !isHit) return document.createTextNode(text);
  const element = document.createElement(isHit ? 'mark' : 'span');
  element.textContent = text;
  for (const key of keys) {
    if (key !== 'f' && key !== 'k') element.classList.add(key);
    else if (typeof state[key] === 'number') element.classList.add(key + state[key]);
    else element.style[key === 'f' ? 'color' : 'backgroundColor'] = state[key];
  }
  return element;
}

function fill(target, line, before) {
  const parts = pieces(line, before);
  const text = parts.map((part) => part.text).join('');
  const hits = hitsIn(text);
  let at = 0, hit = 0;
  for (const part of parts) {
    const end = at + part.text.length;
    let from = at;
    while (from < end) {
      while (hit < hits.length && hits[hit][1] <= from) hit += 1;
      const next = hits[hit];
      const isHit = next !== undefined && next[0] <= from;
      const to = Math.min(end, next === undefined ? end : isHit ? next[1] : next[0]);
      target.append(styled(text.slice(from, to), part.state, isHit));
      from = to;
    }
    at = end;
  }
}

function hitsIn(text) {
  const found = [], lower = text.toLowerCase();
  if (search.text === '' || lower.length !== text.length) return found;
  for (let at = lower.indexOf(search.text); at >= 0; at = lower.indexOf(search.text, at + search.text.length)) found.push([at, at + search.text.length]);
  return found;
}

// ---- the log in sight

/** top: the first row in sight, with a fraction. The scroll bar follows it, because a browser cannot scroll over millions of lines. */
let shown = null, top_ = 0, selected = -1, expected = 0, asked = false;

const inSight = () => log.clientHeight / LINE;
const topMax = () => shown === null ? 0 : Math.max(0, shown.total - Math.floor(inSight()));
const isScaled = () => shown !== null && shown.total * LINE > SPACE_MAX;
const scrollMax = () => Math.max(1, log.scrollHeight - log.clientHeight);

function scrollTo(row) {
  top_ = Math.min(Math.max(0, row), topMax());
  log.scrollTop = isScaled() ? (topMax() === 0 ? 0 : top_ / topMax() * scrollMax()) : top_ * LINE;
  expected = log.scrollTop;
  draw();
}

log.addEventListener('scroll', () => {
  if (Math.abs(log.scrollTop - expected) < 1) { draw(); return; }
  expected = log.scrollTop;
  top_ = isScaled() ? log.scrollTop / scrollMax() * topMax() : log.scrollTop / LINE;
  draw();
});
log.addEventListener('wheel', (event) => {
  if (!isScaled() || event.ctrlKey || event.shiftKey || event.deltaY === 0) return;
  event.preventDefault();
  scrollTo(top_ + (event.deltaMode === 1 ? event.deltaY : event.deltaMode === 2 ? event.deltaY * inSight() : event.deltaY / LINE));
}, { passive: false });
log.addEventListener('keydown', (event) => {
  const moves = { ArrowUp: -1, ArrowDown: 1, PageUp: 1 - inSight(), PageDown: inSight() - 1, Home: -Infinity, End: Infinity };
  const move = moves[event.key];
  if (move === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  scrollTo(Math.floor(top_) + move);
});
new ResizeObserver(() => draw()).observe(log);

function draw() {
  if (asked) return;
  asked = true;
  requestAnimationFrame(() => { asked = false; drawNow(); });
}

function drawNow() {
  if (shown === null) return;
  const first = Math.floor(Math.min(top_, topMax()));
  const last = Math.min(shown.total, first + Math.ceil(inSight()) + 2);
  const fresh = document.createDocumentFragment();
  if (shown.total === 0) { fresh.append(rowOf(null, '', shown.note, true)); fresh.firstChild.classList.add('alone'); }
  let at = chunkAt(shown, first);
  for (let row = first; row < last; row += 1) {
    while (row >= shown.starts[at] + shown.chunks[at][1]) at += 1;
    const chunk = shown.chunks[at], offset = row - shown.starts[at];
    const lines = linesOf(chunk);
    const line = lines === undefined ? ['', ''] : lines[offset] || ['', ''];
    fresh.append(rowOf(chunk[0] === 0 ? null : chunk[2] + offset, line[1], line[0], chunk[0] === 0));
  }
  rows.replaceChildren(fresh);
  const shift = isScaled() ? 0 : log.scrollTop - top_ * LINE;
  rows.style.transform = 'translateY(' + (isScaled() ? log.scrollTop : first * LINE + shift) + 'px)';
}

function rowOf(number, before, text, isNote) {
  const row = document.createElement('div'), gutter = document.createElement('a'), body = document.createElement('span');
  row.className = 'l' + (isNote ? ' note' : '') + (number !== null && number === selected ? ' sel' : '');
  gutter.className = 'n';
  if (number !== null) { gutter.textContent = number; gutter.href = '#' + shown.id + '/L' + number; }
  body.className = 't';
  fill(body, text, before);
  row.append(gutter, body);
  return row;
}

function chunkAt(step, row) {
  let low = 0, high = step.starts.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (step.starts[middle] <= row) low = middle; else high = middle - 1;
  }
  return Math.max(0, low);
}

function rowOfLine(step, number) {
  for (const [at, chunk] of step.chunks.entries()) {
    if (chunk[0] !== 0 && number < chunk[2] + chunk[1]) return step.starts[at] + Math.max(0, number - chunk[2]);
  }
  return step.total - 1;
}

function lineOfRow(step, row) {
  const at = chunkAt(step, row), chunk = step.chunks[at];
  return chunk === undefined || chunk[0] === 0 ? -1 : chunk[2] + row - step.starts[at];
}

// ---- which log


function open(step) {
  if (shown === step) return;
  if (shown !== null) markShown(shown, false);
  shown = step;
  selected = -1;
  markShown(step, true);
  byId('log-name').textContent = step.label;
  const last = step.chunks.findLast((chunk) => chunk[0] !== 0);
  const lines = last === undefined ? 0 : last[2] + last[1] - 1;
  byId('log-lines').textContent = lines === 1 ? '1 line' : lines.toLocaleString('en') + ' lines';
  byId('save').disabled = step.total === 0;
  space.style.height = Math.min(SPACE_MAX, step.total * LINE) + 'px';
  log.scrollLeft = 0;
  scrollTo(step.phase === 'failed' ? Infinity : 0);
}

function markShown(step, isShown) {
  const item = byId(step.id);
  if (item === null) return;
  item.firstElementChild.classList.toggle('shown', isShown);
  // Only the list scrolls: the page stays where the reader is.
  const nav = item.closest('nav');
  if (isShown) { const box = item.getBoundingClientRect(), frame = nav.getBoundingClientRect(); if (box.top < frame.top || box.bottom > frame.bottom) nav.scrollTop += box.top - frame.top - frame.height / 3; }
}

function show(step, row, line) {
  open(step);
  selected = line;
  if (row < top_ + 1 || row > top_ + inSight() - 2) scrollTo(row - Math.floor(inSight() / 3)); else draw();
}

/** #12/build, #12/build/0 or #12/build/0/L34 */
function follow() {
  const hash = location.hash.slice(1);
  const match = /^(.*?)(?:\/L([0-9]+))?$/.exec(hash);
  let index = stepById.get(match[1]);
  if (index === undefined) index = bestOf(steps.map((step, at) => [step, at]).filter(([step]) => step.id.startsWith(hash + '/')));
  if (index === undefined || hash === '') return false;
  const step = steps[index];
  if (match[2] === undefined) open(step); else show(step, rowOfLine(step, Number(match[2])), Number(match[2]));
  byId('logs-section').scrollIntoView();
  return true;
}

const bestOf = (entries) => (entries.find(([step]) => step.phase === 'failed') || entries.find(([step]) => step.total > 0) || entries[0] || [])[1];

addEventListener('hashchange', follow);

byId('save').addEventListener('click', async () => {
  const parts = [];
  for (const chunk of shown.chunks) parts.push(plain(await chunkText(chunk)));
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob(parts, { type: 'text/plain' }));
  link.download = shown.label.replace(/[^\w.-]+/g, '-') + '.log';
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60000);
});

// ---- search

/** matches: [step, row] of each line that matches, in the order of the page. */
let search = { text: '', matches: [], perStep: new Map(), lines: 0, done: true, current: -1 };

async function run(text) {
  const mine = { text, matches: [], perStep: new Map(), lines: 0, done: text === '', current: -1 };
  search = mine;
  badges();
  draw();
  let rested = performance.now(), jumped = false;
  const from = shown === null ? 0 : steps.indexOf(shown);
  for (let index = 0; index < steps.length && text !== ''; index += 1) {
    for (const [at, chunk] of steps[index].chunks.entries()) {
      if (chunk[0] === 0) continue;
      const found = matchesIn(plain(await chunkText(chunk)).toLowerCase(), text);
      if (search !== mine) return;
      for (const row of found) if (mine.matches.length < MATCHES_MAX) mine.matches.push([index, steps[index].starts[at] + row]);
      mine.lines += found.length;
      if (found.length > 0) mine.perStep.set(index, (mine.perStep.get(index) || 0) + found.length);
      if (performance.now() - rested > 40) { tell(); await new Promise((done) => setTimeout(done)); rested = performance.now(); }
      if (search !== mine) return;
      if (!jumped && index >= from && mine.matches.length > 0 && mine.matches.at(-1)[0] >= from) { jumped = true; go(1); }
    }
  }
  mine.done = true;
  badges();
  if (!jumped && mine.matches.length > 0) go(1); else tell();
}

/** Rows of the lines that match; each once. */
function matchesIn(lower, text) {
  const found = [];
  let row = 0, counted = 0;
  for (let at = lower.indexOf(text); at >= 0;) {
    for (let feed = lower.indexOf('\n', counted); feed >= 0 && feed < at; feed = lower.indexOf('\n', counted)) { row += 1; counted = feed + 1; }
    found.push(row);
    const end = lower.indexOf('\n', at);
    at = end < 0 ? -1 : lower.indexOf(text, end);
  }
  return found;
}

function go(direction) {
  const { matches } = search;
  if (matches.length === 0) return;
  if (search.current < 0) {
    const here = shown === null ? 0 : steps.indexOf(shown), row = Math.floor(top_);
    const next = matches.findIndex((match) => match[0] > here || (match[0] === here && match[1] >= row));
    search.current = direction > 0 ? Math.max(0, next) : (next < 0 ? matches.length : next) - 1;
  } else search.current += direction;
  search.current = (search.current + matches.length) % matches.length;
  const [index, row] = matches[search.current];
  show(steps[index], row, lineOfRow(steps[index], row));
  tell();
}

function tell() {
  const { text, matches, lines, done, current } = search;
  const number = (value) => value.toLocaleString('en');
  if (text === '') count.textContent = '';
  else if (lines === 0) count.textContent = done ? 'not found' : 'searching …';
  else count.textContent = (current < 0 ? '' : number(current + 1) + ' of ') + number(lines) + (lines === 1 ? ' line' : ' lines') + (done ? '' : ' …') + (lines > matches.length ? ', first ' + number(matches.length) + ' shown' : '');
}

function badges() {
  for (const badge of document.querySelectorAll('.hits')) badge.remove();
  for (const [index, hits] of search.perStep) {
    const item = byId(steps[index].id);
    if (item === null) continue;
    const badge = document.createElement('span');
    badge.className = 'hits';
    badge.textContent = hits.toLocaleString('en');
    item.firstElementChild.append(badge);
  }
}

let typing;
query.addEventListener('input', () => { clearTimeout(typing); typing = setTimeout(() => run(query.value.toLowerCase()), 150); });
query.addEventListener('keydown', (event) => {
  if (event.key === 'Escape') { query.value = ''; run(''); tell(); log.focus(); }
  if (event.key !== 'Enter') return;
  event.preventDefault();
  clearTimeout(typing);
  if (query.value.toLowerCase() === search.text) go(event.shiftKey ? -1 : 1); else run(query.value.toLowerCase());
});
byId('next').addEventListener('click', () => go(1));
byId('previous').addEventListener('click', () => go(-1));
document.addEventListener('keydown', (event) => {
  if (event.key !== '/' || event.target === query || event.ctrlKey || event.metaKey) return;
  event.preventDefault();
  query.focus();
  query.select();
});

const first = bestOf(steps.map((step, at) => [step, at]));
if (!follow() && first !== undefined) open(steps[first]);
})();
`
