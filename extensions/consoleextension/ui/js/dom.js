// Everything shown is set as text, never as markup: log lines are hostile.

export const $ = (id) => document.getElementById(id);

// h makes an element. Props: class, text, on{event: f}, data{}, others are attributes.
export function h(tag, props = {}, ...children) {
  const e = document.createElement(tag);
  for (const [k, v] of Object.entries(props)) {
    if (v === undefined || v === null || v === false) continue;
    if (k === "class") e.className = v;
    else if (k === "text") e.textContent = v;
    else if (k === "data") Object.assign(e.dataset, v);
    else if (k === "on") for (const [n, f] of Object.entries(v)) e.addEventListener(n, f);
    else e.setAttribute(k, v === true ? "" : v);
  }
  e.append(...children.filter((c) => c !== null && c !== undefined && c !== false));
  return e;
}

// link is the address of a view: its name, arguments and, last, an object with the
// query, of which what is empty is left out.
export function link(...parts) {
  const query = typeof parts.at(-1) === "object" ? parts.pop() : {};
  const q = new URLSearchParams(Object.entries(query).filter(([, v]) => v || v === 0)).toString();
  return "#/" + parts.map(encodeURIComponent).join("/") + (q && "?" + q);
}

// heads is the head of a table; a name that begins with # is above numbers.
export const heads = (...names) => h("thead", {}, h("tr", {}, ...names.map((n) => h("th", { scope: "col", text: n.replace("#", ""), class: n.startsWith("#") ? "num" : "" }))));

export function svg(tag, attrs, ...children) {
  const e = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [k, v] of Object.entries(attrs)) e.setAttribute(k, v);
  e.append(...children);
  return e;
}

// setText writes only what changed, so that selections survive a refresh.
export function setText(e, text) {
  if (e.textContent !== text) e.textContent = text;
}

// keyed makes the children of parent follow items: elements are made once per
// key, updated in place and kept in order.
export function keyed(parent, items, key, make, update) {
  const held = parent.held || (parent.held = new Map());
  const seen = new Set();
  let at = parent.firstElementChild;
  for (const item of items) {
    const k = key(item);
    seen.add(k);
    let e = held.get(k);
    if (!e) { e = make(item); held.set(k, e); }
    update(e, item);
    if (e === at) at = at.nextElementSibling;
    else parent.insertBefore(e, at);
  }
  for (const [k, e] of held) {
    if (seen.has(k)) continue;
    e.dispose?.();
    e.remove();
    held.delete(k);
  }
}

// sparkline draws counts as bars on one scale.
export function sparkline(counts) {
  const top = Math.max(1, ...counts), n = counts.length;
  const s = svg("svg", { class: "spark", viewBox: `0 0 ${n * 2} 20`, preserveAspectRatio: "none", role: "img" });
  s.setAttribute("aria-label", `${counts.reduce((a, b) => a + b, 0)} lines in the last hour, at most ${top} in a minute`);
  counts.forEach((c, i) => {
    if (!c) return;
    const height = Math.max(1.5, (c / top) * 19);
    s.append(svg("rect", { x: i * 2, y: 20 - height, width: 1.5, height }));
  });
  return s;
}
