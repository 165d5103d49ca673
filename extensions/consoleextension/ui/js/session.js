// Who came by the login form can leave again.

import { $ } from "./dom.js";

const session = await (await fetch("/api/v1/session", { cache: "no-store" })).json();
const button = $("logout");
button.hidden = session.method !== "session";
button.addEventListener("click", async () => {
  await fetch("/logout", { method: "POST" });
  location.assign("/login");
});
