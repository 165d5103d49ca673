// Every state of the page has an address: #/VIEW/ARGUMENT?QUERY, such as
// #/metrics?q=cpu or #/services/checkout. A view is a module with three functions,
// each of which may be left out:
//
//   enter(params, signal)  shows what the address asks for, at once and without asking
//     the agent. It is called when the view comes up, and again when its address changes
//     while it can be seen. params is { root, args, query, title }: root is the view's own
//     element, which stays between visits; args what follows the view's name; query the
//     parameters as plain texts; title(text) names the view. signal aborts when the
//     address changes, so that listeners and requests made with it end by themselves.
//   refresh(signal)  asks the agent and shows the answer: after every enter, and every
//     five seconds while the view can be seen. What it throws is shown above the view.
//   leave()  is called when another view comes up.
//
// Only the view that can be seen asks. Address links by link() of dom.js; remember()
// notes the state of a filter in the address without entering the view again.

import { $, h, setText, link } from "./dom.js";

let views = {};
let shown = null; // { name, args, hash, view, abort }
let visit = 0;
let chosen = false; // in the navigation, not by a link of a view
const scrolled = new Map(); // visit -> how far down it was

// Addresses of earlier versions, whose sections are views now.
const old = { "": "now", "#findings": "now", "#metrics": "metrics", "#patterns": "logs", "#pipeline": "pipeline", "#incidents": "incidents" };

export function start(modules) {
  views = modules;
  history.scrollRestoration = "manual";
  document.querySelector("nav").addEventListener("click", () => { chosen = true; });
  $("view-back").addEventListener("click", (e) => { e.preventDefault(); history.back(); });
  addEventListener("scroll", () => { if (shown) scrolled.set(visit, scrollY); }, { passive: true });
}

function parse(hash) {
  const [path, query = ""] = hash.slice(2).split("?");
  const [name, ...args] = path.split("/").map(decode);
  return { name, args: args.filter(Boolean), query: Object.fromEntries(new URLSearchParams(query)) };
}

function decode(part) {
  try { return decodeURIComponent(part); } catch { return part; }
}

// follow shows what the address asks for.
export function follow() {
  if (shown?.hash === location.hash) return;
  if (!location.hash.startsWith("#/")) history.replaceState(history.state, "", link(old[location.hash] ?? "now"));
  let { name, args, query } = parse(location.hash);
  if (!views[name]) {
    history.replaceState(history.state, "", link("now"));
    ({ name, args, query } = parse(location.hash));
  }
  const back = history.state?.visit, first = !shown, other = shown?.name !== name;
  visit = back ?? Date.now();
  // Who followed a link of a view, from a spike to its lines, finds the way back.
  const from = back ? history.state.from : other && !first && !chosen ? $("view-title").textContent : "";
  chosen = false;
  if (!back) history.replaceState({ visit, from }, "");
  $("view-back").hidden = !from;
  setText($("view-back"), `← Back to ${from}`);
  shown?.abort.abort();
  if (other) shown?.view.leave?.();
  shown = { name, args, hash: location.hash, view: views[name], abort: new AbortController() };
  for (const e of document.querySelectorAll("main > .view")) e.hidden = e.id !== "view-" + name;
  for (const a of document.querySelectorAll("nav a")) {
    if (a.getAttribute("href") === "#/" + name) a.setAttribute("aria-current", "page");
    else a.removeAttribute("aria-current");
  }
  document.body.dataset.view = name;
  const title = $("view-title");
  $("view-problem").hidden = true;
  let root = $("view-" + name);
  if (!root) $("view").append(root = h("div", { class: "view", id: "view-" + name }));
  shown.view.enter?.({ root, args, query, title: (text) => setText(title, text) }, shown.abort.signal);
  if (other || !back) scrollTo(0, scrolled.get(back) ?? 0);
  if (other && !first) title.focus({ preventScroll: true });
}

// refresh lets the view that can be seen ask the agent.
export async function refresh() {
  const { view, abort } = shown;
  const problem = $("view-problem");
  try {
    await view.refresh?.(abort.signal);
    if (!abort.signal.aborted) problem.hidden = true;
  } catch (err) {
    if (abort.signal.aborted) return; // it is another view's time
    problem.hidden = false;
    setText(problem, err.message);
    throw err;
  }
}

// remember makes query that of the address, without a step in the browser's history.
export function remember(query) {
  shown.hash = link(shown.name, ...shown.args, query);
  history.replaceState(history.state, "", shown.hash);
}

// anew is a view that is built once for every address. mount(root, title, ...args)
// returns its refresh.
export function anew(mount) {
  let load = null, was = "";
  return {
    enter({ root, args, title }) {
      const key = args.join("/");
      if (load && key === was) return;
      was = key;
      root.replaceChildren();
      load = mount(root, title, ...args);
    },
    leave() { load = null; },
    refresh: () => load(),
  };
}
