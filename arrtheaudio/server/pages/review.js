// Files whose original language is in doubt: a button for each that it may be.

import { ask, ended } from "./ask.js";
import { Listing } from "./listing.js";
import { busy, fields, foreign, list, path, say, text } from "./show.js";
import { rows } from "./tracks.js";
import { language } from "./words.js";

// What the reason says to those who are at a command line.
const HINT = /: settle it with --original.*$/;

export function review(soon) {
  return new Listing({
    name: "review",
    path: "/review",
    template: "t-review",
    limit: 5,
    key: (question) => question.job_id,
    update: show,
    acts: { choose: (question, node, button) => choose(question, node, button, soon) },
  });
}

function show(node, question) {
  const part = fields(node);
  path(part, question.path);
  foreign(part.why, (question.reason ?? "the sources disagree").replace(HINT, ""));
  rows(part.tracks, question.tracks ?? []);
  list(part.choices, question.languages ?? [], (code) => code, make, () => {});
}

function make(code) {
  const button = document.createElement("button");
  button.type = "button";
  button.dataset.action = "choose";
  button.dataset.code = code;
  text(button, language(code) === code ? code : `${language(code)} (${code})`);
  return button;
}

async function choose(question, node, button, soon) {
  const part = fields(node);
  const buttons = [...part.choices.children];
  buttons.forEach((other) => busy(other, other === button ? "Working…" : other.textContent));
  try {
    const original = button.dataset.code;
    const job = await ask(`/jobs/${encodeURIComponent(question.job_id)}/retry`, { method: "POST", body: { original } });
    say(part.outcome, ...result(await ended(job.id ?? job.job_id)));
  } catch (problem) {
    say(part.outcome, problem.message, "bad");
  }
  buttons.forEach((other) => busy(other, null));
  soon();
}

function result(job) {
  const record = job.record ?? {};
  if (job.state === "failed") return [`It failed: ${record.error?.message ?? "for an unknown reason"}`, "bad"];
  if (job.state !== "completed") return ["It waits its turn", ""];
  const done = { changed: "Changed", unchanged: "It was right already", planned: "Would be changed (dry run)" };
  return [`${done[record.apply?.status] ?? "Not changed"}: ${record.choose?.reason ?? ""}`, "good"];
}
