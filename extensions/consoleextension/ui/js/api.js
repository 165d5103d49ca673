// One way to the agent. A request that takes longer than the refresh is given up.

export async function ask(path) {
  const r = await fetch("/api/v1/" + path, { signal: AbortSignal.timeout(8000), cache: "no-store" });
  if (r.status === 401) location.assign("/login" + location.hash); // the session has ended
  const body = await r.json();
  if (!r.ok) throw new Error(body.error || r.statusText);
  return body;
}

// tell asks the agent to do something; it answers with a message for people.
export async function tell(path, body) {
  const r = await fetch("/api/v1/" + path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body), signal: AbortSignal.timeout(8000) });
  if (r.status === 401) location.assign("/login" + location.hash);
  const answer = await r.json();
  if (!r.ok) throw new Error(answer.error || r.statusText);
  return answer;
}
