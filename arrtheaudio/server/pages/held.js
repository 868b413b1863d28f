// What is held: the file, what it waits for, until when; and an end to the waiting.

import { ask } from "./ask.js";
import { Listing } from "./listing.js";
import { announce, busy, fields, foreign, path, say, text, time } from "./show.js";
import { fault, many, source } from "./words.js";

const ARRIVAL = 600_000; // milliseconds that a file which an Arr has named is waited for, as the queue's Rules say
const REASONS = {
  not_found: ["Not there yet:", "it is looked for every few seconds."],
  hardlinked: ["Has another name:", "a seed, perhaps. Nothing is touched until this is its only name."],
  no_space: ["Disk full:", "it waits until there is room."],
  read_only: ["Read-only:", "it waits until that can be written to."],
};

export function held(soon) {
  return new Listing({
    name: "held",
    path: "/jobs?status=held",
    items: "jobs",
    template: "t-held",
    limit: 5,
    key: (job) => job.id,
    update: show,
    acts: { cancel: (job, node, button) => cancel(job, node, button, soon) },
  });
}

function show(node, job) {
  const part = fields(node);
  path(part, job.record.path ?? job.id);
  const [reason, more] = why(job);
  text(part.reason, reason);
  foreign(part.more, more);
  const [words, moment] = until(job);
  text(part.until, words);
  time(part.time, moment && new Date(moment).toISOString());
  const facts = [source(job.source), job.held?.why === "retry" && `${many(job.attempt, "try", "tries")} so far`];
  text(part.how, facts.filter(Boolean).map((fact) => `· ${fact}`).join(" "));
}

function why({ held: { why: code } = {}, last_error: error = {} }) {
  if (code in REASONS) return REASONS[code];
  return [`${fault(error.code)}:`, error.message ?? code ?? ""];
}

// Return what happens next, in words, and when, where that is still to come. A look that found no change has moved the
// time on without a word of it in the job: then only the first one is known.
function until({ created_at: created, held: { why: code, until: next } = {} }) {
  const arrival = code === "not_found";
  const moment = arrival ? Date.parse(created) + ARRIVAL : Date.parse(next);
  if (moment > Date.now()) return [arrival ? "Given up at" : code === "retry" ? "Tried again at" : "Looked at again at", moment];
  return [code === "retry" || arrival ? "Tried again soon" : "Looked at again by itself", null];
}

async function cancel(job, node, button, soon) {
  busy(button, "Cancelling…");
  try {
    await ask(`/jobs/${encodeURIComponent(job.id)}`, { method: "DELETE" });
    announce("Cancelled: the file is left as it is.");
  } catch (problem) {
    say(fields(node).outcome, problem.message, "bad");
    busy(button, null);
  }
  soon();
}
