// The audio tracks of a file, before and after: every change is said in words.

import { attribute, copy, fields, foreign, list, text } from "./show.js";
import { details, language } from "./words.js";

const BEFORE = { yes: ["default", "default"], no: ["none", "–"] };
const AFTER = {
  "yes yes": ["default", "default"], "no yes": ["now", "now default"], "yes no": ["gone", "no longer"], "no no": ["none", "–"],
};

export function table(body, { before = [], after = [] }) {
  const then = new Map(before.map((track) => [track.index, track]));
  const audio = after.filter((track) => track.type === "audio");
  list(body, audio, (track) => track.index, () => copy("t-row"), (row, track) => fill(row, then.get(track.index) ?? track, track));
}

function fill(row, was, is) {
  const part = fields(row);
  text(part.language, language(is.language));
  foreign(part.details, [details(is), ...marks(was, is)].join(" · "));
  const yes = (track) => (track.default ? "yes" : "no");
  cell(part.before, BEFORE[yes(was)]);
  const [mark, words] = AFTER[`${yes(was)} ${yes(is)}`];
  cell(part.after, [mark, words]);
  attribute(row, "data-mark", mark);
}

function cell(node, [mark, words]) {
  attribute(node, "data-mark", mark);
  text(node, words);
  attribute(node, "aria-label", mark === "none" ? "not default" : null);
}

// What else was changed of a track.
function marks(was, is) {
  const changed = ["original", "forced"].filter((kind) => was[kind] !== is[kind]);
  return changed.map((kind) => (is[kind] ? `now marked as ${kind}` : `no longer marked as ${kind}`));
}

// A line for each audio track: what it is, and whether it is the default one.
export function rows(parent, tracks) {
  const audio = tracks.filter((track) => track.type === "audio");
  list(parent, audio, (track) => track.index, () => document.createElement("li"), (node, track) => {
    foreign(node, `${language(track.language)} · ${details(track)}${track.default ? " · default now" : ""}`);
  });
}
