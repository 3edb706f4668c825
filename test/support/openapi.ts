import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { Ajv2020, type AnySchema, type ValidateFunction } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import type { Response } from 'supertest';
import { parse } from 'yaml';

type Method = 'get' | 'post' | 'put' | 'delete';
type Reference = { $ref: string };
type Content = { content: { 'application/json': { schema: AnySchema } } };
type Parameter = { name: string; schema: AnySchema };
type Operation = { parameters: Reference[]; responses: Record<string, Content | Reference> };
type Document = {
  paths: Record<string, Partial<Record<Method, Operation>>>;
  components: { parameters: Record<string, Parameter>; responses: Record<string, Content> };
};

const text = readFileSync('docs/openapi.yaml', 'utf8');
/** docs/openapi.yaml. */
export const document = parse(text) as Document;
export const operation = (path: string, method: Method = 'get'): Operation =>
  document.paths[path]?.[method] ?? assert.fail(`${method} ${path} is not described`);
export const nameOf = ({ $ref }: Reference) => $ref.split('/').at(-1) ?? '';

/** The document's own schemas, found by their references. */
export function validator(options: { coerceTypes?: 'array' } = {}) {
  const ajv = new Ajv2020({ ...options, allErrors: true, strictTypes: false });
  addFormats.default(ajv);
  ajv.addVocabulary(['openapi', 'info', 'servers', 'security', 'tags', 'paths', 'components']);
  ajv.addSchema(parse(text), 'openapi');
  const absolute = (schema: AnySchema): AnySchema =>
    JSON.parse(JSON.stringify(schema).replaceAll('"$ref":"#/', '"$ref":"openapi#/'));
  return (schema: AnySchema) => ajv.compile(absolute(schema));
}

const compile = validator();
const validators = new Map<string, ValidateFunction>();

/** Whether an answer is one that the document describes for its path and status. */
export function assertDescribed(path: string, { status, body, type }: Response, method: Method = 'get'): void {
  const described = operation(path, method).responses[status];
  assert.ok(described, `${method} ${path} answers ${status}, which is not described`);
  const { content } = '$ref' in described ? (document.components.responses[nameOf(described)] as Content) : described;
  assert.equal(type, 'application/json');
  const key = `${method} ${path} ${status}`;
  const validate = validators.get(key) ?? compile(content['application/json'].schema);
  validators.set(key, validate);
  assert.ok(validate(body), `${path} ${status}: ${JSON.stringify(validate.errors, null, 1)}`);
}
