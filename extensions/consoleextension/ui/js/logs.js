// Logs: lines and their patterns.

import * as patterns from "./patterns.js";

let wanted = "";

export function enter({ title, query }) {
  title("Logs");
  patterns.init();
  wanted = query.pattern ?? "";
}

export async function refresh() {
  await patterns.refresh();
  if (wanted) patterns.reveal(wanted);
  wanted = "";
}
