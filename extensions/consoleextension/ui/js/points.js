// The time axis that charts share, and the points that they show.

import { ask } from "./api.js";

let now = 0, first = Infinity;

// shared is the time axis of all charts: at most an hour, at least two minutes.
export function shared() {
  const to = now || Date.now() / 1000;
  return [Math.max(to - 3600, Math.min(first, to - 120)), to];
}

// see moves the end of the axis to what an answer of series says.
export function see(answer) {
  now = answer.series.reduce((a, s) => Math.max(a, s.time), answer.time);
}

// load fetches histories for the charts that can be seen and lack points, in as few
// requests as the agent allows.
export async function load(charts) {
  const need = charts.filter((c) => c.visible && c.wants());
  for (let i = 0; i < need.length; i += 60) {
    const part = need.slice(i, i + 60), since = Math.min(...part.map((c) => c.last));
    const { points } = await ask(`series/points?ids=${part.map((c) => c.series.id).join(",")}&since=${since}`);
    for (const c of part) {
      const p = points[c.series.id];
      if (!p?.t.length) continue;
      first = Math.min(first, p.t[0]);
      c.add(p);
    }
  }
  for (const c of charts) c.draw();
}

// Charts are drawn a few at a time, so that no key press waits for all of them.
const waiting = new Set();
const budget = 12; // milliseconds for each frame

export function later(chart) {
  if (!waiting.size) requestAnimationFrame(drain);
  waiting.add(chart);
}

function drain() {
  const end = performance.now() + budget;
  for (const c of waiting) {
    waiting.delete(c);
    c.paint();
    if (performance.now() > end) break;
  }
  if (waiting.size) requestAnimationFrame(drain);
}

// What comes into sight asks for its points soon, together with what comes with it.
const fresh = new Set();

export function appeared(chart) {
  if (!fresh.size) setTimeout(() => { const list = [...fresh]; fresh.clear(); load(list).catch(() => { /* the next refresh tries again */ }); }, 30);
  fresh.add(chart);
}
