// Looking through a folder: start it, watch it, stop it.

import { ask } from "./ask.js";
import { $, attribute, busy, copy, fields, foreign, list, say, text, time } from "./show.js";
import { many, number, span } from "./words.js";

const SHOWN = 5;
const STATES = {
  scanning: "Looking for files", running: "Working", completed: "Done", failed: "Failed", cancelled: "Cancelled",
};
const active = (batch) => ["scanning", "running"].includes(batch.status);

export function batches(soon) {
  $("batch-form").addEventListener("submit", (event) => {
    event.preventDefault();
    start(event.target, soon);
  });
  return { load: () => load(soon) };
}

// Return whether one is under way.
async function load(soon) {
  const answer = await ask(`/batch?limit=${SHOWN}`);
  list($("batches-list"), answer.batches, (batch) => batch.job_id, (batch) => make(batch, soon), show);
  return answer.batches.some(active);
}

async function start(form, soon) {
  const path = form.elements.path.value.trim();
  const body = { path, recursive: form.elements.recursive.checked, dry_run: form.elements.dry_run.checked };
  say($("batch-error"), "");
  try {
    await ask("/batch", { method: "POST", body });
    say($("batch-error"), "Started.", "good");
    form.elements.path.removeAttribute("aria-invalid");
  } catch (problem) {
    say($("batch-error"), problem.message, "bad");
    form.elements.path.setAttribute("aria-invalid", "true");
    form.elements.path.focus();
  }
  soon();
}

function make(batch, soon) {
  const node = copy("t-batch");
  const button = node.querySelector("button");
  button.addEventListener("click", () => button.getAttribute("aria-disabled") === "true" || cancel(batch.job_id, node, button, soon));
  return node;
}

function show(node, batch) {
  const part = fields(node);
  const { progress } = batch;
  foreign(part.path, batch.path);
  const status = active(batch) && batch.message ? "Waiting" : STATES[batch.status] ?? batch.status;
  text(part.status, `${status} ·`);
  time(part.time, batch.completed_at ?? batch.created_at);
  part.bar.hidden = !active(batch);
  part.bar.setAttribute("aria-label", "Progress");
  if (batch.status === "scanning") part.bar.removeAttribute("value");
  else part.bar.value = progress.percent;
  text(part.counts, counts(progress, batch.status));
  foreign(part.trouble, batch.error?.message ?? batch.message ?? "");
  attribute(part.trouble, "data-state", batch.error ? "bad" : "waits");
  part.trouble.hidden = !part.trouble.textContent;
  const button = node.querySelector("button");
  if (!active(batch) && button === document.activeElement) part.path.focus();
  button.hidden = !active(batch);
}

function counts({ total_files: total, processed, failed, skipped, eta_seconds: eta }, status) {
  const facts = [`${number(processed)} of ${many(total, "file")}${status === "scanning" ? " that were found so far" : ""}`];
  if (failed) facts.push(`${number(failed)} failed`);
  if (skipped) facts.push(`${number(skipped)} skipped`);
  if (eta) facts.push(`${span(eta)} to go`);
  return facts.join(" · ");
}

async function cancel(id, node, button, soon) {
  busy(button, "Cancelling…");
  try {
    const answer = await ask(`/batch/${encodeURIComponent(id)}`, { method: "DELETE" });
    say(fields(node).outcome, `${many(answer.cancelled_jobs, "file")} left alone`, "good");
  } catch (problem) {
    say(fields(node).outcome, problem.message, "bad");
  }
  busy(button, null);
  soon();
}
