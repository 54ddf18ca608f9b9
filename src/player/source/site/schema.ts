// What the schema of scenarios says of a table and of a key.

export interface Schema {
  type?: string | string[];
  description?: string;
  properties?: Record<string, Schema>;
  patternProperties?: Record<string, Schema>;
  additionalProperties?: boolean | Schema;
  items?: Schema;
  enum?: unknown[];
  const?: unknown;
  anyOf?: Schema[];
  oneOf?: Schema[];
  allOf?: Schema[];
  $ref?: string;
  required?: string[];
  definitions?: Record<string, Schema>;
  minimum?: number;
  maximum?: number;
}

let root: Schema = {};

export function learn(schema: Schema): void {
  root = schema;
}

/** Returns the alternatives that a schema comes to, references followed. */
function alternatives(schema: Schema, depth = 0): Schema[] {
  if (depth > 12) return [];
  const named = schema.$ref?.replace("#/definitions/", "");
  const within = [
    ...(named === undefined ? [] : [root.definitions?.[named] ?? {}]),
    ...(schema.anyOf ?? []),
    ...(schema.oneOf ?? []),
    ...(schema.allOf ?? []),
  ];
  return [schema, ...within.flatMap((each) => alternatives(each, depth + 1))];
}

/** Returns what a list holds, or the value itself. */
function single(schemas: Schema[]): Schema[] {
  return schemas.flatMap((each) => [each, ...(each.items ? alternatives(each.items) : [])]);
}

function member(schemas: Schema[], key: string): Schema[] {
  return schemas.flatMap((each) => {
    const own = each.properties?.[key];
    if (own) return alternatives(own);
    const pattern = Object.entries(each.patternProperties ?? {}).find(([expression]) => new RegExp(expression).test(key));
    if (pattern) return alternatives(pattern[1]);
    return typeof each.additionalProperties === "object" ? alternatives(each.additionalProperties) : [];
  });
}

/** Returns all that the table at a path may be. */
function tables(path: string[]): Schema[] {
  let schemas = alternatives(root);
  for (const key of path) schemas = single(member(schemas, key));
  return schemas;
}

export interface Known {
  name: string;
  about: string;
  /** Whether it is a table or a list of tables. */
  sort: "value" | "table" | "tables";
  needed: boolean;
}

function about(schemas: Schema[]): string {
  return schemas.find(({ description }) => description)?.description ?? "";
}

/** Returns the keys of the table at a path. */
export function keysOf(path: string[]): Known[] {
  const found = new Map<string, Known>();
  for (const table of tables(path)) {
    for (const [name, schema] of Object.entries(table.properties ?? {})) {
      const all = alternatives(schema);
      const isList = all.some(({ items }) => items !== undefined && alternatives(items).some(({ properties }) => properties));
      const isTable = all.some(({ properties }) => properties) && !all.some(({ type }) => type === "string");
      const sort = isList && all.every(({ type }) => type === undefined || type === "array") ? "tables" : isTable ? "table" : "value";
      found.set(name, { name, about: about(all), sort, needed: table.required?.includes(name) ?? false });
    }
  }
  return [...found.values()];
}

/** Returns the words that a value may be. */
export function valuesOf(path: string[], key: string): { text: string; quoted: boolean }[] {
  const found = new Map<string, { text: string; quoted: boolean }>();
  for (const schema of single(member(tables(path), key))) {
    const words = schema.enum ?? (schema.const === undefined ? [] : [schema.const]);
    if (schema.type === "boolean") words.push(true, false);
    for (const word of words) found.set(String(word), { text: String(word), quoted: typeof word === "string" });
  }
  return [...found.values()];
}

/** Explains a key in a sentence or two; empty: there is no such key. */
export function explanation(path: string[], key: string): string {
  const schemas = member(tables(path), key);
  if (schemas.length === 0) return "";
  const words = [...new Set(schemas.map(({ description }) => description).filter((each) => each !== undefined))];
  const values = valuesOf(path, key);
  const which = values.length > 0 ? `One of: ${values.map(({ text }) => text).join(", ")}.` : "";
  const bounds = schemas.find(({ minimum, maximum }) => minimum !== undefined && maximum !== undefined);
  const range = bounds ? `From ${bounds.minimum} to ${bounds.maximum}.` : "";
  return [...words, which, range].filter((each) => each !== "").join(" · ");
}
