// How facts get onto the page. What is there already is changed, never made anew: so focus, selection and scrolling
// stay where they are. Whatever comes from outside becomes text, never markup.

export const $ = (id) => document.getElementById(id);

export function text(node, value) {
  const shown = String(value ?? "");
  if (node.textContent !== shown) node.textContent = shown;
}

// Set an attribute; null takes it away.
export function attribute(node, name, value) {
  if (value === null) node.removeAttribute(name);
  else if (node.getAttribute(name) !== String(value)) node.setAttribute(name, value);
}

// Line breaks, bidirectional controls, what has no width: all that makes a name look like another. The two joiners are
// part of how some languages are written.
const CONTROL = /(?![\u200c\u200d])[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u;
const CONTROLS = new RegExp(`(${CONTROL.source})`, "u");
const raw = new WeakMap();

// Show a text that somebody else wrote; its controls are written out.
export function foreign(node, value) {
  const given = String(value ?? "");
  if (raw.get(node) === given) return;
  raw.set(node, given);
  node.replaceChildren(...given.split(CONTROLS).filter(Boolean).map(part));
  attribute(node, "dir", "auto");
}

function part(piece) {
  if (!CONTROL.test(piece)) return piece;
  const node = document.createElement("span");
  node.className = "control";
  node.textContent = `U+${piece.codePointAt(0).toString(16).toUpperCase().padStart(4, "0")}`;
  return node;
}

// Show a path: the file's name, and the folder where there is room for it.
export function path(fields, value) {
  const cut = value.lastIndexOf("/") + 1;
  foreign(fields.file, value.slice(cut) || value);
  if (fields.folder) foreign(fields.folder, value.slice(0, cut));
}

const CLOCK = new Intl.DateTimeFormat(undefined, { timeStyle: "short" });
const DAY = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
const FULL = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "long" });

export function clock(iso) {
  const moment = new Date(iso);
  return (moment.toDateString() === new Date().toDateString() ? CLOCK : DAY).format(moment);
}

// Show a moment in the reader's own time.
export function time(node, iso) {
  node.hidden = !iso;
  if (!iso) return;
  attribute(node, "datetime", iso);
  attribute(node, "title", FULL.format(new Date(iso)));
  text(node, clock(iso));
}

const found = new WeakMap();

// Return the parts of a copied template by their names.
export function fields(node) {
  if (!found.has(node)) {
    const named = [...node.querySelectorAll("[data-field]")].map((part) => [part.dataset.field, part]);
    found.set(node, Object.fromEntries(named));
  }
  return found.get(node);
}

export function copy(template) {
  return $(template).content.firstElementChild.cloneNode(true);
}

const known = new WeakMap();

// Show items as the children of a node: those whose `key` was there before keep their elements.
export function list(parent, items, key, make, update) {
  const old = known.get(parent) ?? new Map();
  const now = new Map(items.map((item) => [key(item), old.get(key(item)) ?? make(item)]));
  known.set(parent, now);
  for (const [id, node] of old) if (!now.has(id)) remove(node, parent);
  let place = parent.firstElementChild;
  for (const item of items) {
    const node = now.get(key(item));
    if (node === place) place = place.nextElementSibling;
    else parent.insertBefore(node, place);
    update(node, item);
  }
}

// Take a node away; where the focus is in it, that goes to the heading of what it was part of.
function remove(node, parent) {
  const focused = node.contains(document.activeElement);
  node.remove();
  if (focused) parent.closest("section")?.querySelector("h2")?.focus();
}

// Say something to those who look, in its place, and to those who listen.
export function say(node, message, state = "") {
  text(node, message);
  attribute(node, "data-state", state);
  if (message) announce(message);
}

export function announce(message) {
  text($("said"), message);
}

// A button that cannot be pressed now keeps its place, and the focus.
export function busy(button, label) {
  if (!("label" in button.dataset)) button.dataset.label = button.textContent;
  text(button, label ?? button.dataset.label);
  attribute(button, "aria-disabled", label === null ? null : "true");
}
