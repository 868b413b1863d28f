// What did not work, why, and another try. Hundreds that are alike are one entry: the others stay in sight.

import { ask, ended } from "./ask.js";
import { Listing, describe } from "./listing.js";
import { busy, copy, fields, foreign, list, path, say, text, time } from "./show.js";
import { fault, many, number, source } from "./words.js";

const PAGE = 200, FIRST = 3, MORE = 10;
const opened = new Map(); // how many are shown of each kind
const shown = new WeakMap(); // the job of each row

export function failures(soon) {
  return new Listing({
    name: "failures",
    path: "/jobs?status=failed",
    items: "jobs",
    template: "t-failures",
    limit: PAGE,
    arrange: kinds,
    key: (kind) => kind.code,
    update: (node, kind) => show(node, kind, soon),
    acts: { all: (kind, node, button) => retryAll(kind, node, button, soon), more: (kind, node) => more(kind, node, soon) },
  });
}

// Return the jobs by what went wrong, that of the latest first.
function kinds(jobs) {
  const found = new Map();
  for (const job of jobs) {
    const { code = "", message = "" } = job.record.error ?? {};
    const kind = found.get(code) ?? { code, message, jobs: [], page: jobs.length };
    if (kind.message !== message) kind.message = null; // each says its own
    kind.jobs.push(job);
    found.set(code, kind);
  }
  return [...found.values()];
}

function show(node, kind, soon) {
  const part = fields(node);
  const { length } = kind.jobs;
  text(part.title, fault(kind.code));
  text(part.count, length === 1 ? "" : length === kind.page ? many(length, "file") : `${number(length)} of these ${number(kind.page)}`);
  foreign(part.message, kind.message ?? "");
  part.message.hidden = !kind.message;
  const count = opened.get(kind.code) ?? FIRST;
  list(part.files, kind.jobs.slice(0, count), (job) => job.id, () => make(soon), (row, job) => fill(row, job, kind));
  part.all.hidden = length === 1;
  part.more.hidden = length <= count;
  text(part.more, `Show ${number(Math.min(MORE, length - count))} more`);
}

function make(soon) {
  const row = copy("t-failure");
  describe(row, "failure");
  const button = row.querySelector("button");
  button.addEventListener("click", () => button.getAttribute("aria-disabled") === "true" || retry(row, button, soon));
  return row;
}

function fill(row, job, kind) {
  const part = fields(row);
  shown.set(row, job);
  path(part, job.record.path ?? job.record.input ?? job.id);
  foreign(part.message, kind.message === null ? job.record.error?.message ?? "" : "");
  part.message.hidden = kind.message !== null;
  time(part.time, job.finished_at);
  const facts = [source(job.source), job.attempt > 1 && many(job.attempt, "try", "tries")];
  text(part.how, facts.filter(Boolean).map((fact) => `· ${fact}`).join(" "));
}

function more(kind, node, soon) {
  const count = opened.get(kind.code) ?? FIRST;
  opened.set(kind.code, count + MORE);
  show(node, kind, soon);
  fields(fields(node).files.children[count]).file.focus();
}

const again = (job) => ask(`/jobs/${encodeURIComponent(job.id)}/retry`, { method: "POST" });

async function retry(row, button, soon) {
  const { outcome } = fields(row);
  busy(button, "Trying…");
  try {
    const { id } = await again(shown.get(row));
    soon();
    say(outcome, ...result(await ended(id)));
  } catch (problem) {
    say(outcome, problem.message, "bad");
  }
  busy(button, null);
  soon();
}

function result({ state, record }) {
  if (state === "completed") return ["This time it worked", "good"];
  if (state === "failed") return [`Failed again: ${record.error?.message ?? "for an unknown reason"}`, "bad"];
  return [state === "cancelled" ? "It was cancelled" : "It waits its turn", ""];
}

// Queue all of a kind that are on this page; what comes of them is seen then.
async function retryAll(kind, node, button, soon) {
  const { outcome } = fields(node);
  busy(button, "Trying…");
  let queued = 0;
  let trouble = null;
  for (const job of kind.jobs) {
    try {
      await again(job);
      queued += 1;
    } catch (problem) {
      trouble = problem;
      if (problem.status !== 409 && problem.status !== 404) break; // those two are about this job alone
    }
  }
  const done = `${many(queued, "file")} queued again`;
  say(outcome, trouble ? `${done}, not all: ${trouble.message}` : done, trouble ? "bad" : "good");
  busy(button, null);
  soon();
}
