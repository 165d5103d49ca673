// A long list of which only the rows that can be seen exist.

import { h, keyed } from "./dom.js";

const more = 8; // rows beyond the edge

// virtual lets the rows of body, all as high as the first one, follow a list of any length
// while box scrolls. make and update are those of keyed(). Arrow keys move between the
// first links or buttons of the rows.
export function virtual(box, body, columns, key, make, update) {
  let list = [], high = 34, at = -1;
  const pad = () => h("tr", { class: "pad", "aria-hidden": "true" }, h("td", { colspan: String(columns) }));
  const above = pad(), below = pad();
  const table = body.parentElement;
  let asked = 0;
  const render = () => {
    asked = 0;
    const seen = box.clientHeight || 600, from = Math.max(0, Math.floor(box.scrollTop / high) - more), to = Math.min(list.length, Math.ceil((box.scrollTop + seen) / high) + more);
    const items = [{ pad: above, k: "<" }, ...list.slice(from, to).map((item, i) => ({ item, i: from + i, k: key(item) })), { pad: below, k: ">" }];
    above.firstElementChild.style.height = `${from * high}px`;
    below.firstElementChild.style.height = `${(list.length - to) * high}px`;
    table.setAttribute("aria-rowcount", String(list.length + 1));
    keyed(body, items, (x) => x.k, (x) => x.pad ?? make(x.item), (e, x) => {
      if (x.pad) return;
      e.setAttribute("aria-rowindex", String(x.i + 2));
      e.index = x.i;
      update(e, x.item);
    });
    const row = body.children[1]?.offsetHeight;
    if (row && body.children.length > 2 && Math.abs(row - high) > 0.5) { high = row; soon(); }
  };
  const soon = () => { if (!asked) asked = requestAnimationFrame(render); };
  const focus = (i) => {
    at = Math.min(list.length - 1, Math.max(0, i));
    if (at * high < box.scrollTop) box.scrollTop = at * high;
    else if ((at + 2) * high > box.scrollTop + box.clientHeight) box.scrollTop = (at + 2) * high - box.clientHeight;
    render();
    [...body.children].find((e) => e.index === at)?.querySelector("a, button")?.focus({ preventScroll: true });
  };
  box.addEventListener("scroll", soon, { passive: true });
  new ResizeObserver(soon).observe(box);
  body.addEventListener("keydown", (e) => {
    const row = e.target.closest("tr"), step = { ArrowDown: 1, ArrowUp: -1, PageDown: 12, PageUp: -12, Home: -1e9, End: 1e9 }[e.key];
    if (!step || row?.index === undefined) return;
    e.preventDefault();
    focus(row.index + step);
  });
  return (items) => { list = items; render(); };
}
