// Every view has an address: #/services/checkout, #/trace/4bf9…; an address without a
// slash behind the # is a section of the first page.

import { $, h, setText } from "./dom.js";
import * as services from "./services.js";
import * as trace from "./trace.js";
import * as incidents from "./incidents.js";

const views = { services: services.mount, trace: trace.mount, incidents: incidents.mount };
let shown = null; // { hash, refresh } of the view that can be seen

// follow shows what the address asks for, and reports whether that is a view of its own.
export function follow() {
  const hash = location.hash;
  if (shown?.hash === hash) return true;
  const [name, ...args] = hash.startsWith("#/") ? hash.slice(2).split("/").map(decode) : [];
  const mount = views[name];
  $("home").hidden = Boolean(mount);
  $("view").hidden = !mount;
  for (const a of document.querySelectorAll("nav a")) {
    if (mount && a.getAttribute("href") === "#/" + name) a.setAttribute("aria-current", "page");
    else a.removeAttribute("aria-current");
  }
  if (!mount) {
    const was = shown;
    shown = null;
    if (was && hash.length > 1) $(hash.slice(1))?.scrollIntoView();
    return false;
  }
  const title = h("h2", { tabindex: "-1", "data-testid": "view-title" });
  const body = h("div");
  const problem = h("p", { class: "empty", hidden: true, "data-testid": "view-problem" });
  $("view").replaceChildren(title, problem, body);
  const view = mount(body, (text) => setText(title, text), ...args);
  shown = {
    hash,
    refresh: async () => {
      try {
        await view();
        problem.hidden = true;
      } catch (err) {
        problem.hidden = false;
        setText(problem, err.message);
        throw err;
      }
    },
  };
  scrollTo(0, 0);
  title.focus({ preventScroll: true });
  return true;
}

function decode(part) {
  try { return decodeURIComponent(part); } catch { return part; }
}

export const refresh = () => shown?.refresh();
