// The status page: looks every two seconds while somebody watches and something happens, less often when nothing does,
// and not at all when the page is hidden.

import { ask } from "./ask.js";
import { batches } from "./batches.js";
import { changes } from "./changes.js";
import { failures } from "./failures.js";
import { health, pill } from "./health.js";
import { held } from "./held.js";
import { queue, totals } from "./now.js";
import { review } from "./review.js";
import { $, announce, text } from "./show.js";
import { number } from "./words.js";

const FAST = 2000, SLOW = 10_000, WHOLE = 15_000; // milliseconds
const NEXT = 5; // jobs that are shown of those that wait

const lists = {
  review: review(soon), held: held(soon), changes: changes(soon), failures: failures(soon), batches: batches(soon),
};
const seen = { counts: "", all: 0, away: "", failed: null };
let pause = FAST;
let timer = 0;
let looking = false;
let again = false;

// Look at once, and at everything: something was asked for.
function soon() {
  seen.all = 0;
  pause = FAST;
  again = looking;
  if (!looking) look();
}

async function look() {
  clearTimeout(timer);
  looking = true;
  try {
    const moving = await refresh();
    reachable();
    pause = moving ? FAST : Math.min(pause * 1.5, SLOW);
  } catch (problem) {
    unreachable(problem);
  }
  looking = false;
  if (document.hidden) return;
  if (again) {
    again = false;
    look();
  } else timer = setTimeout(look, pause);
}

// Ask for what is cheap; for the rest only when the counts have moved, or after a while.
async function refresh() {
  const [now, stats] = await Promise.all([ask(`/queue?limit=${NEXT}`), ask("/stats")]);
  const busy = queue(now);
  totals(stats);
  lists.changes.whole = stats.files.changed;
  const counts = JSON.stringify([stats, now.running.map((job) => job.id), now.held]);
  const moved = counts !== seen.counts;
  const due = seen.away || Date.now() - seen.all > WHOLE;
  if (moved || due) {
    seen.all = Date.now(); // before the answers come: `soon` may ask for another look meanwhile
    seen.counts = counts;
    await everything(due || stats.files.failed !== seen.failed);
    seen.failed = stats.files.failed;
  } else if (seen.batch) seen.batch = await lists.batches.load();
  return busy || moved || seen.batch;
}

// The failures are many at once, and so not asked for with each file that a batch has done.
async function everything(failed) {
  const [state, questions, batch] = await Promise.all([
    ask("/health", { also: [503] }),
    lists.review.load(),
    lists.batches.load(),
    lists.held.load(),
    lists.changes.load(),
    failed && lists.failures.load(),
  ]);
  health(state);
  seen.batch = batch;
  text($("count-review"), number(questions.total));
  document.title = questions.total ? `(${number(questions.total)} to review) ArrTheAudio` : "ArrTheAudio";
}

function reachable() {
  if (!seen.away) return;
  seen.away = "";
  $("away").hidden = true;
  announce("The server is back.");
}

const MESSAGES = {
  away: "The server is not reachable. Trying again…",
  locked: "This page needs the password. Reload it to sign in: any user name, and the webhook_secret as the password.",
};

function unreachable(problem) {
  pause = Math.min(pause * 1.5, SLOW);
  seen.counts = "";
  const message = MESSAGES[problem.kind] ?? `The server refused to answer: ${problem.message} Trying again…`;
  if (problem.kind === "away") pill("away");
  if (message === seen.away) return;
  seen.away = message;
  text($("away"), message);
  $("away").hidden = false;
  announce(message);
}

function connect() {
  for (const app of ["sonarr", "radarr"]) {
    $(`url-${app}`).replaceChildren(location.origin, document.createElement("wbr"), `/webhook/${app}`);
  }
  text($("host"), location.host);
  // Who has come from elsewhere, through a proxy say, need not be told that nobody can.
  const local = /^(localhost$|127\.|\[::1\])/.test(location.hostname);
  const reach = local ? document.documentElement.dataset.access : "network";
  for (const hint of document.querySelectorAll("[data-reach]")) hint.hidden = hint.dataset.reach !== reach;
  for (const button of document.querySelectorAll("[data-copy]")) button.addEventListener("click", () => copyText(button));
}

async function copyText(button) {
  const node = $(button.dataset.copy);
  getSelection().selectAllChildren(node);
  try {
    await navigator.clipboard.writeText(node.textContent);
    told(button, "Copied");
  } catch {
    told(button, "Selected"); // without TLS a browser gives no clipboard
  }
}

function told(button, word) {
  const label = button.firstChild;
  announce(word === "Copied" ? "Copied." : "The URL is selected: copy it with your keyboard.");
  label.data = word;
  setTimeout(() => { label.data = "Copy"; }, 2000);
}

document.addEventListener("visibilitychange", () => {
  if (document.hidden) clearTimeout(timer);
  else soon();
});
connect();
look();
