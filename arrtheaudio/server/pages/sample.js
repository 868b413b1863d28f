// JSON Schemas as people read them, and values that would hold to them.

const DEEPEST = 5;

// Return the schema that a reference stands for, itself where it is none, and the name it has.
export function resolved(document, schema) {
  const name = schema?.$ref?.split("/").pop();
  return name ? { schema: document.components.schemas[name] ?? {}, name } : { schema: schema ?? {}, name: null };
}

// Return lines that say what a value looks like; a schema inside of itself is named, not repeated.
export function outline(document, given, seen = [], indent = "") {
  const { schema, name } = resolved(document, given);
  if (name && seen.includes(name)) return name;
  const inside = name ? [...seen, name] : seen;
  const deeper = `${indent}  `;
  if (schema.type === "array") return `[${outline(document, schema.items ?? {}, inside, indent)}, …]`;
  const items = Object.entries(schema.properties ?? {});
  if (!items.length || indent.length > 2 * DEEPEST) return simple(schema);
  const lines = items.map(([key, value]) => line(document, schema, key, value, inside, deeper));
  return `{\n${lines.join("")}${indent}}`;
}

function line(document, owner, key, value, seen, indent) {
  const optional = owner.required?.includes(key) ? "" : "?";
  const about = resolved(document, value).schema.description;
  const comment = about ? `  // ${about}` : "";
  const shape = outline(document, value, seen, indent);
  const [first, ...rest] = shape.split("\n");
  return `${indent}"${key}"${optional}: ${[first + comment, ...rest].join("\n")}\n`;
}

function simple(schema) {
  if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(" | ");
  const kinds = [schema.type ?? "anything"].flat();
  return kinds.map((kind) => (kind === "object" ? "{…}" : kind)).join(" | ");
}

// Return a value to begin with: the schema's own example, else what has to be there, and the defaults.
export function sample(document, given) {
  const { schema } = resolved(document, given);
  if (schema.examples) return schema.examples[0];
  if ("default" in schema) return schema.default;
  if (schema.type !== "object") return schema.enum?.[0] ?? (schema.type === "string" ? "" : null);
  const kept = Object.entries(schema.properties ?? {}).filter(([key, value]) => schema.required?.includes(key) || "default" in value);
  return Object.fromEntries(kept.map(([key, value]) => [key, sample(document, value)]));
}
