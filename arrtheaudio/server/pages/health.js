// How the server is.

import { $, attribute, copy, fields, foreign, list, text } from "./show.js";
import { span } from "./words.js";

const WORDS = { healthy: "Healthy", degraded: "Not quite well", unhealthy: "Does not work", away: "Not reachable" };
const PARTS = { spool: "Queue", journal: "Journal", disk_space: "Disk", tmdb: "TMDB", workers: "Workers", media: "Media" };
const STATES = { healthy: "fine", degraded: "degraded", unhealthy: "broken", missing: "missing" };

export function pill(state) {
  attribute($("pill"), "data-state", state);
  text($("pill-text"), WORDS[state] ?? state);
}

export function health({ status, checks = {}, version, uptime_seconds: uptime }) {
  pill(status);
  const { tools = {}, ...parts } = checks;
  const rows = [...Object.entries(parts).map(part), ...Object.entries(tools).map(tool)];
  list($("checks"), rows, (row) => row.name, () => copy("t-check"), show);
  text($("about"), version ? `ArrTheAudio ${version}, up for ${span(uptime)}.` : "");
}

function part([name, check]) {
  const free = check.free_bytes === undefined ? "" : `${(check.free_bytes / 1e9).toFixed(1)} GB free`;
  const wanted = check.wanted === undefined ? "" : `${check.wanted}`;
  return { name: PARTS[name] ?? name, state: check.status, message: check.message ?? (free || wanted) };
}

// A tool that is missing is no fault: only rare formats and rewrites need one.
function tool([name, place]) {
  return { name, state: place ? "healthy" : "missing", message: place ?? "optional" };
}

function show(node, { name, state, message }) {
  const field = fields(node);
  text(field.name, name);
  attribute(field.state, "data-state", state);
  text(field.state, STATES[state] ?? state);
  foreign(field.message, message);
}
