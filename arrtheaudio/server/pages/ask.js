// What goes over the wire: questions, and the three ways in which one gets no answer.

const PATIENCE = 20_000; // milliseconds

// `kind` is "away" (nobody answers), "locked" (without the password) or "refused" (for a reason, which is the message).
export class Problem extends Error {
  constructor(kind, message, status = 0) {
    super(message);
    this.kind = kind;
    this.status = status;
  }
}

// Return the JSON that is answered; a status other than 2xx is a Problem, but for those that are `also` an answer.
export async function ask(path, { method = "GET", body, also = [] } = {}) {
  const response = await answered(path, method, body);
  const answer = await response.json().catch(() => null);
  if (response.status === 401) throw new Problem("locked", "This page needs the password.", 401);
  if ((response.ok || also.includes(response.status)) && answer !== null) return answer;
  const reason = answer?.error?.message ?? `The server answered ${response.status}.`;
  throw new Problem(response.status === 502 || response.status === 504 ? "away" : "refused", reason, response.status);
}

async function answered(path, method, body) {
  const json = body === undefined ? {} : { headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) };
  try {
    // The origin alone: a browser that was given name and password in the address would refuse to go on with them.
    return await fetch(location.origin + path, { method, cache: "no-store", signal: AbortSignal.timeout(PATIENCE), ...json });
  } catch {
    throw new Problem("away", "The server is not reachable.");
  }
}

const FINAL = ["completed", "failed", "cancelled"];

// Return a job when it has ended, or as it is after two minutes.
export async function ended(id) {
  for (let tries = 0; ; tries += 1) {
    const job = await ask(`/jobs/${encodeURIComponent(id)}`);
    if (FINAL.includes(job.state) || tries > 120) return job;
    await new Promise((resolve) => setTimeout(resolve, tries < 5 ? 300 : 1000));
  }
}
