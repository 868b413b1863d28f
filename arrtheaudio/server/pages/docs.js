// The documentation: all that the OpenAPI document says, to read and to try.

import { ask } from "./ask.js";
import { $, announce, copy, fields, text } from "./show.js";
import { many, span } from "./words.js";
import { outline, resolved, sample } from "./sample.js";

const MOST = 200_000; // characters of an answer that are shown

let api = null;

async function load() {
  try {
    api = await ask("/openapi.json");
  } catch (problem) {
    text($("away"), `${problem.message} Reload the page to try again.`);
    $("away").hidden = false;
    return;
  }
  text($("version"), `${api.info.title} ${api.info.version}`);
  $("groups").replaceChildren(...api.tags.map(group));
  $("find").addEventListener("input", find);
}

// Show a description: what stands in `backticks` is code.
function worded(node, description) {
  node.replaceChildren(...description.split("`").map((piece, place) => (place % 2 ? coded(piece) : piece)));
}

function coded(piece) {
  const node = document.createElement("code");
  node.textContent = piece;
  return node;
}

function group(tag) {
  const node = copy("t-group");
  const part = fields(node);
  text(part.title, tag.name[0].toUpperCase() + tag.name.slice(1));
  text(part.help, tag.description);
  part.title.id = `group-${tag.name}`;
  node.setAttribute("aria-labelledby", part.title.id);
  for (const [path, methods] of Object.entries(api.paths)) {
    for (const [method, about] of Object.entries(methods)) {
      if (about.tags[0] === tag.name) part.operations.append(operation(path, method.toUpperCase(), about));
    }
  }
  return node;
}

function operation(path, method, about) {
  const node = copy("t-operation");
  const part = fields(node);
  text(part.method, method);
  part.method.dataset.method = method;
  text(part.path, path);
  text(part.summary, about.summary);
  node.id = about.operationId;
  node.dataset.words = `${method} ${path} ${about.summary} ${about.description ?? ""}`.toLowerCase();
  // The inside is made when somebody looks.
  node.addEventListener("toggle", () => node.dataset.made || inside(node, path, method, about));
  return node;
}

function inside(node, path, method, about) {
  node.dataset.made = "yes";
  const part = fields(node);
  worded(part.help, about.description ?? "");
  part.help.hidden = !about.description;
  part.changes.hidden = method === "GET";
  const schema = about.requestBody?.content["application/json"].schema;
  part.asks.hidden = !schema;
  if (schema) text(part.body, outline(api, schema));
  const inputs = (about.parameters ?? []).map((parameter) => input(about, parameter));
  if (schema) inputs.push(bodyInput(about, schema));
  part.inputs.append(...inputs);
  part.answers.append(...Object.entries(about.responses).map(([status, answer]) => response(status, answer)));
  part.form.addEventListener("submit", (event) => {
    event.preventDefault();
    send(part, path, method, Boolean(schema));
  });
}

function labelled(id, name, help, control) {
  const node = copy("t-input");
  const part = fields(node);
  text(part.label, name);
  part.label.htmlFor = id;
  worded(part.help, help);
  control.id = id;
  node.append(control);
  return node;
}

function input(about, { name, in: place, description = "", required, schema }) {
  const control = document.createElement(schema.enum ? "select" : "input");
  if (schema.enum) control.append(new Option("", ""), ...schema.enum.map((value) => new Option(value, value)));
  control.name = name;
  control.dataset.place = place;
  control.required = Boolean(required);
  control.autocomplete = "off";
  const range = schema.type === "integer" ? `A whole number${schema.maximum === undefined ? "" : ` up to ${schema.maximum}`}.` : "";
  const standard = schema.default === undefined ? "" : `Default: ${schema.default}.`;
  return labelled(`${about.operationId}-${name}`, name, [description, range, standard].filter(Boolean).join(" "), control);
}

function bodyInput(about, schema) {
  const control = document.createElement("textarea");
  control.name = "body of the request";
  control.dataset.place = "body";
  control.spellcheck = false;
  control.value = JSON.stringify(sample(api, schema), null, 2);
  return labelled(`${about.operationId}-body`, "Body", about.requestBody.required ? "" : "May be left empty.", control);
}

function response(status, given) {
  const answer = given.$ref ? api.components.responses[given.$ref.split("/").pop()] : given;
  const node = copy("t-answer");
  const part = fields(node);
  text(part.status, status);
  worded(part.means, answer.description);
  const [kind, content] = Object.entries(answer.content ?? {})[0] ?? ["nothing", {}];
  text(part.schema, content.schema ? outline(api, content.schema) : kind);
  part.schema.setAttribute("aria-label", `What an answer ${status} holds, ${resolved(api, content.schema).name ?? kind}`);
  return node;
}

async function send(part, path, method, hasBody) {
  const controls = [...part.form.elements].filter((control) => control.dataset.place);
  const value = (place) => controls.filter((control) => control.dataset.place === place);
  const filled = value("path").reduce((url, { name, value }) => url.replace(`{${name}}`, encodeURIComponent(value)), path);
  const query = new URLSearchParams(value("query").filter((control) => control.value).map(({ name, value }) => [name, value]));
  const url = query.size ? `${filled}?${query}` : filled;
  const body = hasBody && value("body")[0].value.trim() ? value("body")[0].value : undefined;
  text(part.curl, curl(url, method, body));
  await show(part, url, { method, body, headers: body ? { "Content-Type": "application/json" } : {} });
  part.answered.hidden = false;
}

async function show(part, url, options) {
  const start = performance.now();
  try {
    const response = await fetch(location.origin + url, { ...options, cache: "no-store" });
    const body = await response.text();
    text(part.status, `${response.status} ${response.statusText}`.trim());
    text(part.took, `${span((performance.now() - start) / 1000)} · request ${response.headers.get("x-request-id") ?? "without an id"}`);
    text(part.answer, pretty(body));
    announce(`The answer is ${response.status}.`);
  } catch {
    text(part.status, "No answer");
    text(part.took, "The server is not reachable.");
    text(part.answer, "");
    announce("The server is not reachable.");
  }
}

function pretty(body) {
  const shown = readable(body);
  return shown.length > MOST ? `${shown.slice(0, MOST)}\n… ${many(shown.length - MOST, "more character")}` : shown;
}

function readable(body) {
  try {
    return JSON.stringify(JSON.parse(body), null, 2);
  } catch {
    return body;
  }
}

function curl(url, method, body) {
  const words = ["curl", method === "GET" ? "" : `-X ${method}`, quoted(location.origin + url)];
  if (body) words.push(`-H ${quoted("Content-Type: application/json")}`, `-d ${quoted(body)}`);
  return words.filter(Boolean).join(" ");
}

function quoted(word) {
  return `'${word.replaceAll("'", "'\\''")}'`;
}

// Show the operations that have all of the words.
function find() {
  const words = $("find").value.toLowerCase().split(/\s+/).filter(Boolean);
  let count = 0;
  for (const section of $("groups").children) {
    const operations = [...section.querySelectorAll(".operation")];
    for (const node of operations) node.hidden = !words.every((word) => node.dataset.words.includes(word));
    const shown = operations.filter((node) => !node.hidden).length;
    section.hidden = shown === 0;
    count += shown;
  }
  text($("found"), `${many(count, "operation")} found`);
}

load();
