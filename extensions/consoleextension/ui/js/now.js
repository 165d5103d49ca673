// Now: whether this host is well, and what changed.

import * as findings from "./findings.js";
import * as incidents from "./incidents.js";

export const enter = ({ title }) => title("Now");

export async function refresh() {
  await Promise.all([incidents.holding(), findings.refresh()]);
}
