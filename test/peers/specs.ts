import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { Ajv, type ValidateFunction } from "ajv";
import addFormats from "ajv-formats";
import { z } from "zod";

// Vendors' own API descriptions. They are not part of the project: where they lie is said by SIGNOFF_SPECS, and without
// them the peers hold nothing against them.

const FOLDER = process.env["SIGNOFF_SPECS"] ?? resolve(import.meta.dirname, "../../../shared/specs");

/** The description in this file, such as `github-ghec.json`; undefined, with one line that says so, when it is absent. */
export function findSpec(name: string): Spec | undefined {
  const json = readSpec(name);
  return json === undefined ? undefined : openSpec(json);
}

/** The JSON of this file; undefined, with one line that says so, when it is absent. */
export function readSpec(name: string): unknown {
  const path = resolve(FOLDER, name);
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "ENOENT")) throw error;
    process.stderr.write(`No API description at ${path} (SIGNOFF_SPECS): nothing is held against it\n`);
    return undefined;
  }
}

/** A request as a peer saw it, and how it was answered. */
export interface Exchange {
  readonly method: string;
  /** Without query, still encoded. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly body?: unknown;
  readonly status: number;
  /** The answer's JSON, to be held against the description too. */
  readonly answer?: unknown;
}

/** An OpenAPI description that exchanges are held against. */
export interface Spec {
  /** What is not documented about this exchange; empty when all is. */
  faultsOf(exchange: Exchange): readonly string[];
}

const Reference = z.object({ $ref: z.string() });
const Parameter = z.object({ name: z.string(), in: z.string(), required: z.boolean().optional(), schema: z.unknown() });
const Operation = z.object({
  parameters: z.array(z.unknown()).optional(),
  requestBody: z.unknown().optional(),
  responses: z.record(z.string(), z.unknown()),
});
const Document = z.object({ paths: z.record(z.string(), z.record(z.string(), z.unknown())) });
const Body = z.object({ content: z.record(z.string(), z.object({ schema: z.unknown() })) });
const Properties = z.object({ properties: z.record(z.string(), z.unknown()) });
type Parameter = z.infer<typeof Parameter>;

const ROOT = "spec";

function openSpec(json: unknown): Spec {
  const document = Document.parse(json);
  const ajv = new Ajv({ strict: false, allErrors: true, coerceTypes: false, logger: false });
  addFormats.default(ajv);
  ajv.addSchema({ $id: ROOT, ...z.record(z.string(), z.unknown()).parse(withoutDiscriminators(json)) });
  const compiled = new Map<string, ValidateFunction>();

  function deref(value: unknown): unknown {
    const reference = Reference.safeParse(value);
    if (!reference.success) return value;
    const steps = reference.data.$ref.split("/").slice(1).map(unescapePointer);
    return deref(steps.reduce<unknown>((at, step) => z.record(z.string(), z.unknown()).parse(at)[step], json));
  }

  function validate(pointer: string, value: unknown): string[] {
    const check = compiled.get(pointer) ?? ajv.compile({ $ref: `${ROOT}#${pointer}` });
    compiled.set(pointer, check);
    return check(value) ? [] : (check.errors ?? []).map((error) => `${error.instancePath} ${error.message}`);
  }

  function operationOf(method: string, path: string) {
    const segments = path.split("/");
    const found = Object.entries(document.paths)
      .filter(([template, item]) => item[method.toLowerCase()] !== undefined && matches(template.split("/"), segments))
      .map(([template]) => template)
      .sort((a, b) => a.split("{").length - b.split("{").length)[0];
    if (found === undefined) return undefined;
    const item = document.paths[found] ?? {};
    const operation = Operation.parse(item[method.toLowerCase()]);
    const given = [...z.array(z.unknown()).parse(item["parameters"] ?? []), ...(operation.parameters ?? [])];
    return { template: found, operation, parameters: given.map((one) => Parameter.parse(deref(one))) };
  }

  function queryFaults(query: URLSearchParams, parameters: readonly Parameter[]): string[] {
    const known = new Map(parameters.filter((one) => one.in === "query").map((one) => [one.name, one]));
    const faults: string[] = [];
    for (const [name, value] of query) {
      const parameter = known.get(name);
      if (!parameter) faults.push(`query ${name} is not documented`);
      else if (!acceptsText(ajv, deref(parameter.schema), value)) faults.push(`query ${name}=${value} is not allowed`);
    }
    for (const parameter of known.values()) {
      if (parameter.required && !query.has(parameter.name)) faults.push(`query ${parameter.name} is missing`);
    }
    return faults;
  }

  function bodyFaults(exchange: Exchange, template: string, requestBody: unknown): string[] {
    const empty = exchange.body === undefined || JSON.stringify(exchange.body) === "{}";
    const body = Body.safeParse(deref(requestBody));
    const schema = body.success ? body.data.content["application/json"]?.schema : undefined;
    if (schema === undefined) return empty ? [] : ["a body is not documented"];
    if (exchange.body === undefined) return [];
    const at = `/paths/${escapePointer(template)}/${exchange.method.toLowerCase()}/requestBody/content/application~1json/schema`;
    const properties = Properties.safeParse(deref(schema));
    const extra =
      properties.success && typeof exchange.body === "object" && exchange.body !== null
        ? Object.keys(exchange.body).filter((key) => !(key in properties.data.properties))
        : [];
    return [...validate(at, exchange.body), ...extra.map((key) => `body ${key} is not documented`)];
  }

  function answerFaults(exchange: Exchange, template: string, responses: Readonly<Record<string, unknown>>): string[] {
    const status = String(exchange.status);
    const body = Body.safeParse(deref(responses[status]));
    if (exchange.answer === undefined || !body.success || !body.data.content["application/json"]) return [];
    const method = exchange.method.toLowerCase();
    const direct = Reference.safeParse(responses[status]);
    const at = direct.success
      ? direct.data.$ref.slice(1)
      : `/paths/${escapePointer(template)}/${method}/responses/${status}`;
    const found = validate(`${at}/content/application~1json/schema`, exchange.answer);
    return found.map((fault) => `answer ${status}: ${fault}`);
  }

  return {
    faultsOf(exchange) {
      const line = `${exchange.method} ${exchange.path}`;
      const known = operationOf(exchange.method, exchange.path);
      if (!known) return [`${line} is not documented`];
      const faults = [
        ...queryFaults(exchange.query, known.parameters),
        ...bodyFaults(exchange, known.template, known.operation.requestBody),
        ...(isDocumented(exchange.status, known.operation.responses)
          ? []
          : [`answer ${exchange.status} is not documented`]),
        ...answerFaults(exchange, known.template, known.operation.responses),
      ];
      return faults.map((fault) => `${line}: ${fault}`);
    },
  };
}

/**
 * `oneOf` that only a discriminator tells apart: without reading it, several may match. And `nullable` without a type,
 * which says nothing and which Ajv refuses.
 */
function withoutDiscriminators(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutDiscriminators);
  if (value === null || typeof value !== "object") return value;
  const said = Object.entries(value).filter(([key]) => key !== "nullable" || "type" in value);
  const entries = said.map(([key, one]) => [
    key === "oneOf" && "discriminator" in value ? "anyOf" : key,
    withoutDiscriminators(one),
  ]);
  return Object.fromEntries(entries);
}

/** Errors that any request may get (rights, limits, outages) are not repeated in each operation of a description. */
function isDocumented(status: number, responses: Readonly<Record<string, unknown>>): boolean {
  const general = status === 401 || status === 403 || status === 404 || status === 429 || status >= 500;
  return general || String(status) in responses || "default" in responses || `${String(status)[0]}XX` in responses;
}

function acceptsText(ajv: Ajv, schema: unknown, value: string): boolean {
  if (schema === undefined || schema === null || typeof schema !== "object") return true;
  const asNumber = value !== "" && Number.isFinite(Number(value)) ? [Number(value)] : [];
  const asBoolean = value === "true" || value === "false" ? [value === "true"] : [];
  const candidates = [value, ...asNumber, ...asBoolean, [value], value.split(",")];
  return candidates.some((candidate) => ajv.validate(schema, candidate));
}

function matches(template: readonly string[], segments: readonly string[]): boolean {
  return (
    template.length === segments.length &&
    template.every((part, index) => (part.startsWith("{") ? segments[index] !== "" : part === segments[index]))
  );
}

function escapePointer(text: string): string {
  return encodeURIComponent(text.replaceAll("~", "~0").replaceAll("/", "~1"));
}

function unescapePointer(text: string): string {
  return decodeURIComponent(text).replaceAll("~1", "/").replaceAll("~0", "~");
}
