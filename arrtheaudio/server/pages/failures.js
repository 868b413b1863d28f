// What did not work, why, and another try.

import { ask, ended } from "./ask.js";
import { Listing } from "./listing.js";
import { busy, fields, foreign, path, say, text, time } from "./show.js";
import { many, source } from "./words.js";

const CODES = {
  changed_since_probe: "Changed meanwhile", corrupt: "Damaged", internal: "A defect of ours", io_error: "Disk error",
  network: "Network", no_space: "Disk full", not_a_file: "Not a file", not_found: "Not there", not_media: "Not a video",
  permission_denied: "Not allowed", read_only: "Read-only", timeout: "Took too long", tool_failed: "A tool failed",
  tool_missing: "A tool is missing", truncated: "Cut off", unsupported_container: "Unknown format",
  invalid_record: "No valid job", invalid_json: "No valid job",
};

export function failures(soon) {
  return new Listing({
    name: "failures",
    path: "/jobs?status=failed",
    items: "jobs",
    template: "t-failure",
    limit: 5,
    key: (job) => job.id,
    update: show,
    acts: { retry: (job, node, button) => retry(job, node, button, soon) },
  });
}

function show(node, job) {
  const part = fields(node);
  const error = job.record.error ?? {};
  path(part, job.record.path ?? job.record.input ?? job.id);
  text(part.code, `${CODES[error.code] ?? error.code ?? "Failed"}:`);
  foreign(part.message, error.message ?? "");
  time(part.time, job.finished_at);
  const facts = [source(job.source), job.attempt > 1 && many(job.attempt, "try", "tries")];
  text(part.how, facts.filter(Boolean).map((fact) => `· ${fact}`).join(" "));
}

async function retry(job, node, button, soon) {
  const { outcome } = fields(node);
  busy(button, "Trying…");
  try {
    const again = await ask(`/jobs/${encodeURIComponent(job.id)}/retry`, { method: "POST" });
    soon();
    const done = await ended(again.id ?? again.job_id ?? job.id);
    const worked = done.state === "completed";
    say(outcome, worked ? "This time it worked" : `Failed again: ${done.record.error?.message ?? done.state}`, worked ? "good" : "bad");
  } catch (problem) {
    say(outcome, problem.message, "bad");
  }
  busy(button, null);
  soon();
}
