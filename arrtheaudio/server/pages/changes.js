// What was changed and why; and taking it back, after a question.

import { ask, ended } from "./ask.js";
import { Listing } from "./listing.js";
import { $, busy, clock, fields, foreign, path, say, text, time } from "./show.js";
import { table } from "./tracks.js";
import { defaults } from "./words.js";

const HOW = { in_place: "edited in place", clone: "edited on a copy that took its place", rewrite: "written anew" };
const UNDOING = new Set();

export function changes(soon) {
  const listing = new Listing({
    name: "changes",
    path: "/changes",
    template: "t-change",
    limit: 10,
    key: (change) => change.job_id,
    update: show,
    acts: { undo: (change, node, button) => undo(change, node, button, soon) },
  });
  return listing;
}

function show(node, change) {
  const part = fields(node);
  path(part, change.path);
  text(part.from, defaults(change.tracks.before));
  text(part.to, defaults(change.tracks.after));
  foreign(part.why, change.reason ?? "not recorded");
  time(part.time, change.finished_at);
  text(part.how, change.method ? `· ${HOW[change.method] ?? change.method}` : "");
  table(part.tracks, change.tracks);
  state(node, change);
}

function state(node, change) {
  const button = node.querySelector("button");
  const running = UNDOING.has(change.job_id) || change.undo === "running";
  busy(button, running ? "Undoing…" : null);
  const gone = !running && change.undo !== "possible";
  if (gone && node.contains(document.activeElement)) fields(node).file.focus();
  button.hidden = gone;
  const outcome = fields(node).outcome;
  if (!running && !outcome.textContent) {
    if (change.undone) text(outcome, "Undone");
    else if (change.undo === "impossible") text(outcome, "Can no longer be undone");
  }
}

async function undo(change, node, button, soon) {
  if (!(await sure(change))) return;
  UNDOING.add(change.job_id);
  state(node, change);
  const outcome = fields(node).outcome;
  say(outcome, "");
  try {
    const { job_id } = await ask(`/jobs/${encodeURIComponent(change.job_id)}/undo`, { method: "POST" });
    say(outcome, ...result(await ended(job_id)));
  } catch (problem) {
    say(outcome, problem.message, "bad");
  }
  UNDOING.delete(change.job_id);
  soon();
}

function result(job) {
  const record = job.record ?? {};
  if (job.state === "completed") {
    const already = record.undo?.status === "unchanged";
    return [already ? "It had been undone before" : `Undone at ${clock(job.finished_at)}`, "good"];
  }
  if (job.state === "failed") return [`Not undone: ${record.error?.message ?? "for an unknown reason"}`, "bad"];
  return [job.state === "cancelled" ? "The undo was cancelled" : "It waits its turn", ""];
}

// Ask whether it is meant; the dialog gives the focus back to the button.
function sure(change) {
  const dialog = $("confirm");
  const part = fields(dialog);
  path(part, change.path);
  text(part.what, `The default audio track becomes ${defaults(change.tracks.before)} again, instead of ${defaults(change.tracks.after)}.`);
  dialog.returnValue = "no";
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true });
  });
}
