// The form for the token. What stands behind the # of the address is the view that was
// asked for; it goes along.

const form = document.getElementById("form");
const problem = document.getElementById("problem");
const why = {
  "?wrong": "That is not the token. Tokens are long: copy the whole line of the file.",
  "?wait": "Too many wrong tokens came from your address. Wait a minute, then try again.",
}[location.search];

form.action = "/login" + location.hash;
if (why) {
  problem.textContent = why;
  problem.hidden = false;
  document.getElementById("token").setAttribute("aria-describedby", "problem hint");
}

// A link in a message of another site comes without the session: ask again from here.
const session = await (await fetch("/api/v1/session", { cache: "no-store" })).json();
if (session.authenticated) location.replace("/" + location.hash);
