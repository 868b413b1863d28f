// What is in hand, what is next, and how many there are of each.

import { $, attribute, copy, fields, list, path, text } from "./show.js";
import { many, number, source, span } from "./words.js";

export function queue({ running, next, waiting, held, workers }) {
  const queued = Object.values(waiting).reduce((sum, count) => sum + count, 0);
  jobs("running", running, (job) => [since(job), source(job.source)]);
  jobs("next", next, (job) => [source(job.source), job.priority !== "normal" && `${job.priority} priority`]);
  const more = queued - next.length;
  $("next-more").hidden = more <= 0 || next.length === 0;
  text($("next-more"), `and ${many(more, "more file")}`);
  empty(queued, held);
  text($("count-running"), number(running.length));
  text($("count-queued"), number(queued));
  text($("count-held"), number(held));
  text($("workers-note"), note(workers));
  return running.length + queued > 0;
}

function jobs(name, items, facts) {
  list($(name), items, (job) => job.id, () => copy("t-job"), (node, job) => {
    const part = fields(node);
    path(part, job.record.path ?? job.id);
    text(part.meta, [job.action === "undo" && "undo", ...facts(job)].filter(Boolean).join(" · "));
  });
  $(`${name}-empty`).hidden = items.length > 0;
  $(name).hidden = items.length === 0;
}

// Nothing is next: the queue is empty only where nothing is held either.
function empty(queued, held) {
  if (queued > 0) $("next-empty").hidden = true;
  $("next-held").hidden = $("next-empty").hidden || held === 0;
  if (held > 0) $("next-empty").hidden = true;
  text($("next-held-count"), held === 1 ? "1 file is held" : `${number(held)} files are held`);
}

function since(job) {
  const seconds = job.started_at ? (Date.now() - Date.parse(job.started_at)) / 1000 : 0;
  return seconds > 1 && `for ${span(seconds)}`;
}

function note({ wanted, alive }) {
  if (!alive) return "The workers have died and are started again.";
  if (!wanted) return "There are no workers here: run “arrtheaudio jobs run” where the files are.";
  return wanted === 1 ? "A worker is waiting." : `${wanted} workers are waiting.`;
}

export function totals({ files, complete }) {
  attribute(document.documentElement, "data-past", complete ? "read" : "reading");
  for (const key of ["changed", "unchanged", "skipped", "failed"]) text($(`count-${key}`), number(files[key]));
}
