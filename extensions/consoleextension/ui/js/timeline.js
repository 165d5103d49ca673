// The last hour as a line: each finding is a bar from its beginning to its end.

import { h, setText, keyed, link } from "./dom.js";
import { clock, duration } from "./format.js";

const span = 3600;
const maxLanes = 6;
const least = 0.022; // of the width, so that a short one can be hit

export class Timeline {
  constructor() {
    this.bars = h("ol", { class: "bars", role: "list", on: { keydown: (e) => this.move(e) } });
    this.ticks = h("div", { class: "ticks", "aria-hidden": "true" });
    this.more = h("p", { class: "small muted", hidden: true });
    this.none = h("p", { class: "small muted none", text: "No finding in the last hour." });
    this.element = h("div", { class: "timeline", "data-testid": "timeline", role: "group", "aria-label": "Findings of the last hour; arrow keys move between them" }, this.bars, this.none, this.ticks, this.more);
  }

  show(findings, now, chosen) {
    const from = now - span, list = findings.filter((f) => !f.resolved || f.resolved > from).sort((a, b) => a.start - b.start || a.id.localeCompare(b.id));
    const ends = [], shown = [];
    for (const f of list) {
      const begin = Math.max(0, (f.start - from) / span), end = Math.max(((f.resolved || now) - from) / span, begin + least);
      let lane = ends.findIndex((e) => e <= begin);
      if (lane < 0) lane = ends.length;
      if (lane >= maxLanes) continue;
      ends[lane] = end;
      shown.push({ f, lane, begin: Math.min(begin, 1 - least), end: Math.min(end, 1) });
    }
    this.none.hidden = list.length > 0;
    this.more.hidden = shown.length === list.length;
    setText(this.more, `${list.length - shown.length} further ones are in the list below.`);
    this.bars.style.height = `${Math.max(1, ends.length) * 26}px`;
    const stop = shown.some((x) => x.f.id === chosen) ? chosen : shown.at(-1)?.f.id;
    keyed(this.bars, shown, (x) => x.f.id, () => h("li", {}, h("a")), (e, { f, lane, begin, end }) => {
      const a = e.firstElementChild, open = f.state !== "resolved";
      e.style.left = `${begin * 100}%`;
      e.style.width = `${(end - begin) * 100}%`;
      e.style.top = `${lane * 26}px`;
      a.href = link("now", { finding: f.id });
      a.tabIndex = f.id === stop ? 0 : -1;
      a.dataset.severity = f.severity;
      a.dataset.state = f.state;
      a.toggleAttribute("aria-current", f.id === chosen);
      setText(a, f.summary);
      a.title = `${f.summary}\n${clock(f.start)}, ${open ? "for" : "lasted"} ${duration(Math.max(1, (f.resolved || now) - f.start))}`;
      a.setAttribute("aria-label", `${open ? f.severity : "resolved"}: ${f.summary}, since ${clock(f.start)}, ${open ? "still open" : `until ${clock(f.resolved)}`}`);
    });
    this.scale(from, now);
  }

  scale(from, now) {
    const times = [];
    for (let t = Math.ceil(from / 600) * 600; t <= now; t += 600) times.push(t);
    keyed(this.ticks, times, (t) => t, (t) => h("span", { text: clock(t).slice(-5) }), (e, t) => { e.style.left = `${((t - from) / span) * 100}%`; });
  }

  move(e) {
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1, Home: -1e9, End: 1e9 }[e.key];
    if (!step) return;
    e.preventDefault();
    const all = [...this.bars.querySelectorAll("a")], at = all.indexOf(document.activeElement);
    const to = all[Math.min(all.length - 1, Math.max(0, at + step))];
    for (const a of all) a.tabIndex = a === to ? 0 : -1;
    to?.focus();
  }
}
