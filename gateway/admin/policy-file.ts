// The policy as people write it, YAML -> PolicyFile. Every problem is found at its line and column with its key, and a file with one
// problem is no policy at all.
import {
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  parseDocument,
  stringify,
  visit,
  type Document,
  type Node,
  type Pair,
} from 'yaml';
import type { z } from 'zod';
import {
  PolicyAssignment,
  PolicyFile,
  PolicyGateway,
  PolicyRole,
  PolicyTeam,
  PolicyUser,
  RemoteServer,
  WorkstationServer,
} from '#contract/policy.ts';
import { NameCondition, ToolCondition } from '#contract/condition.ts';
import { PolicyEngine } from '#contract/engine.ts';
import { PolicyRetention } from '#contract/retention.ts';
import { piiTypes, Rule } from '#contract/rule.ts';
import { FileSink, PolicySink, SinkFilter } from '#contract/sink.ts';
import { contradictions } from './contradiction.ts';
import { danglingNames, type Finding, findingsIn, type Path, unreadableTemplates } from './policy-check.ts';
import { mended, namesIn } from './policy-mend.ts';
import { addressesIn } from './shared-address.ts';
import { nearNames } from './suggest.ts';

export interface Problem {
  readonly line: number;
  readonly column: number;
  /** Dotted path, such as `gateways.eng.assignments.memory.tools`; empty for the file as a whole. */
  readonly key: string;
  readonly message: string;
}
export type ReadPolicy =
  | { readonly kind: 'policy'; readonly policy: PolicyFile }
  | { readonly kind: 'invalid'; readonly problems: readonly Problem[] };

/** Finding the place of one takes a look through the file; who has mended these is told of the next. */
const problemsAtMost = 200;
/** One more tells that there are more. */
const lookedFor = problemsAtMost + 1;

export function readPolicy(text: string): ReadPolicy {
  const lines = new LineCounter();
  // The library would compare each key with all others before it, which takes minutes where somebody has a hundred thousand.
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: false, stringKeys: true });
  const at = (offset: number, key: string, message: string): Problem => {
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(line, 1), column: Math.max(col, 1), key, message };
  };
  const invalid = (problems: readonly Problem[]): ReadPolicy => {
    const sorted = [...new Map(problems.map((one) => [JSON.stringify(one), one])).values()].toSorted(
      (a, b) => a.line - b.line || a.column - b.column,
    );
    const more = at(0, '', 'there are more problems than these: mend them first');
    return { kind: 'invalid', problems: sorted.length < lookedFor ? sorted : [...sorted.slice(0, problemsAtMost), more] };
  };
  const tell = (broken: readonly { readonly offset: number; readonly message: string }[]) =>
    broken.slice(0, lookedFor).map(({ offset, message }) => at(offset, keyText(pathAt(document.contents, offset)), message));
  const broken = [...document.errors, ...document.warnings].map(({ pos, message, code }) => ({
    offset: pos[0],
    message: code === 'MULTIPLE_DOCS' ? 'another document begins here: a policy is one' : message,
  }));
  const unfit = [
    ...keysWhere(document, (name, seen) => seen.has(name)).map((offset) => ({ offset, message: 'this key stands here twice' })),
    ...keysWhere(document, isDropped).map((offset) => ({ offset, message: 'the name is not valid' })),
  ];
  // What stands in a text that is no YAML is a guess; what stands beside a key that is there twice is not.
  if (broken.length > 0) return invalid(tell([...broken, ...unfit]));
  const locate = ({ path, at: where, message }: Finding) => at(offsetOf(document, path, where), keyText(path), message);
  let value: unknown;
  try {
    value = document.toJS({ maxAliasCount: 100 });
  } catch (error) {
    return invalid([at(0, '', error instanceof Error ? error.message : 'the aliases are not valid')]);
  }
  const parsed = PolicyFile.safeParse(value);
  const issues = parsed.success ? [] : parsed.error.issues;
  const findings = parsed.success
    ? [...findingsIn(parsed.data), ...addressesIn(parsed.data)]
    : [...issues.slice(0, lookedFor).flatMap((issue) => findingsOf(issue, value)), ...besides(value)];
  if (parsed.success && findings.length === 0 && unfit.length === 0) return { kind: 'policy', policy: parsed.data };
  return invalid([...tell(unfit), ...findings.slice(0, lookedFor).map(locate)]);
}

/** What no schema would see: an object's entries are read without it. */
function isDropped(name: string): boolean {
  return name === '__proto__';
}

/** Where keys begin. `seen`: those before it in its map. */
function keysWhere(document: Document, isMeant: (name: string, seen: ReadonlySet<string>) => boolean): readonly number[] {
  const found: number[] = [];
  visit(document, {
    Map(_, { items }) {
      const seen = new Set<string>();
      for (const { key } of items) {
        // A key that is no text is refused as such. Written out, each that stands in another one would double what the inner one takes.
        if (isMap(key) || isSeq(key)) continue;
        const name = String(isScalar(key) ? key.value : key);
        if (isMeant(name, seen)) found.push(startOf(key) ?? 0);
        seen.add(name);
      }
    },
  });
  return found;
}

/** What else is wrong in a file in which something is not valid. A name counts as defined also where what it stands for is not. */
function besides(value: unknown): readonly Finding[] {
  const named = namesIn(value);
  const { whole, more } = mended(value);
  return [
    ...more.slice(0, lookedFor).flatMap((issue) => findingsOf(issue, value)),
    ...danglingNames(named, (noun) => Object.keys(Object(valueAt(value, [noun]) ?? {}))),
    ...unreadableTemplates(named),
    ...(whole ? [...contradictions(whole), ...addressesIn(whole)] : []),
  ];
}

/** The policy as a file: without what is so by itself. Readers of YAML 1.1 (most tools that are not this one) find the same texts in it: there `yes` alone is no text. */
export function writePolicy({ roles, ...policy }: PolicyFile): string {
  return stringify(
    { ...policy, ...(Object.keys(roles).length > 0 ? { roles } : {}) },
    { lineWidth: 0, aliasDuplicateObjects: false, compat: 'yaml-1.1' },
  ).trimEnd();
}

/** `FILE:LINE:COL: key: message`. */
export function describeProblem(file: string, { line, column, key, message }: Problem): string {
  return `${file}:${line}:${column}: ${key === '' ? '' : `${key}: `}${message}`;
}

function findingsOf(issue: z.core.$ZodIssue, value: unknown): readonly Finding[] {
  const { path } = issue;
  if (issue.code === 'unrecognized_keys') {
    return issue.keys
      .slice(0, lookedFor)
      .map((key) => ({ path: [...path, key], at: 'key' as const, message: unknownKey(path, key, value) }));
  }
  if (issue.code === 'invalid_key') {
    return issue.issues.map(({ message }) => ({ path, at: 'key' as const, message: `the name is not valid: ${message}` }));
  }
  if (path.length === 0 && value === null)
    return [{ path, at: 'value', message: 'there is no policy in it: write at least version: 1' }];
  const message = inWords(issue.message);
  const key = path
    .join('.')
    .replace(/^(users|sinks|engines)\.[^.]+/, '$1')
    .replace(/^gateways\.[^.]+\.rules\.\d+/, 'rules');
  const choice = choices[key] ?? choices[String(path.at(-1))];
  if (!isThere(value, path))
    return [{ path, at: 'key', message: `is missing: ${message.startsWith('Invalid ') ? (choice ?? message) : message}` }];
  return [{ path, at: 'value', message: choice ?? message }];
}

/** `expected a map, found nothing`: in the words of people who write such files. */
function inWords(message: string): string {
  const name = (kind: string) => kindsOfValue[kind] ?? kind;
  return message
    .replace(/^Invalid input: /, '')
    .replace(/, received undefined$/, '')
    .replace(/^expected (\w+)(?:, received (\w+))?$/, (_, wanted: string, found: string | undefined) =>
      found === undefined ? `expected ${name(wanted)}` : `expected ${name(wanted)}, found ${name(found)}`,
    );
}

const kindsOfValue: Readonly<Record<string, string>> = {
  object: 'a map',
  record: 'a map',
  array: 'a list',
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  null: 'nothing',
};

/** What may stand where zod's own words would say less. */
const choices: Readonly<Record<string, string>> = {
  kind: 'use workstation or remote',
  'users.kind': 'use person or service',
  capture: 'use off, redacted or full',
  'sinks.kind': 'use file, webhook, syslog, splunk or otlp',
  'engines.kind': 'use webhook or presidio',
  'rules.method': 'use pattern, pii, secrets, injection, limits, webhook or presidio',
  'rules.action': 'use block, redact, replace, mask, hash or alert (block or alert of limits)',
  'rules.on': 'use request, response or both',
  auth: 'use none, header, oauth or auto',
  identity: 'use own, shared or none',
  version: 'this version is not known here: use 1',
  stepUp: 'use all, none, or a list of tool names (1-2048 characters each)',
  tools:
    'use all, none, or a list of tool names (1-2048 characters each) and conditions: { if: { name: get_*, readOnlyHint: true } }; other hints are destructiveHint, idempotentHint and openWorldHint',
  prompts: 'use all, none, or a list of prompt names (1-2048 characters each) and conditions: { if: { name: review_* } }',
  resources: 'use all, none, or a list of URIs (1-2048 characters each) and conditions: { if: { name: note://* } }',
  templates: 'use all, none, or a list of URI templates (1-2048 characters each) and conditions: { if: { name: note://* } }',
  reach: "use caller, or a workstation's id",
};

function isThere(value: unknown, path: Path): boolean {
  return valueAt(value, path) !== undefined;
}

/** Undefined where there is nothing; YAML has no undefined. */
function valueAt(value: unknown, path: Path): unknown {
  const [first, ...rest] = path;
  if (first === undefined) return value;
  const entry = value instanceof Object ? Object.entries(value).find(([name]) => name === String(first)) : undefined;
  return entry === undefined ? undefined : valueAt(entry[1], rest);
}

function unknownKey(path: Path, key: string, value: unknown): string {
  const known = Object.keys(schemaAt(path, value).shape);
  const near = nearNames(key, known)[0];
  return `unknown key: ${near === undefined ? `use ${known.join(', ')}` : `did you mean "${near}"?`}`;
}

function schemaAt(path: Path, value: unknown): { readonly shape: Readonly<Record<string, unknown>> } {
  if (path.length === 0) return PolicyFile;
  if (path[0] === 'users') return PolicyUser;
  if (path[0] === 'teams') return PolicyTeam;
  if (path[0] === 'roles') return PolicyRole;
  if (path[0] === 'servers') return valueAt(value, [...path, 'kind']) === 'remote' ? RemoteServer : WorkstationServer;
  if (path[0] === 'sinks') return path.at(2) === 'only' ? SinkFilter : (sinkOf(valueAt(value, [...path, 'kind'])) ?? FileSink);
  if (path[0] === 'engines') return PolicyEngine;
  if (path[0] === 'retention') return PolicyRetention;
  if (path[2] === 'rules' && path[4] === 'thresholds') return thresholds;
  if (path[2] === 'rules') return ruleOf(valueAt(value, [...path.slice(0, 4), 'method']));
  if (path.length > 5) return conditionAt(path);
  return path.length > 2 ? PolicyAssignment : PolicyGateway;
}

function conditionAt(path: Path) {
  const condition = path[4] === 'tools' ? ToolCondition : NameCondition;
  return path.at(-1) === 'if' ? condition.shape.if : condition;
}

const thresholds = { shape: Object.fromEntries(piiTypes.map((type) => [type, type])) };

function ruleOf(method: unknown) {
  return Rule.options.find((option) => option.shape.method.value === method) ?? Rule.options[0];
}

function sinkOf(kind: unknown) {
  return PolicySink.options.find((option) => option.shape.kind.value === kind);
}

function keyText(path: Path): string {
  return path.map((part, index) => (typeof part === 'number' ? `[${part}]` : `${index > 0 ? '.' : ''}${String(part)}`)).join('');
}

/** Where a path is in the text. What is missing is shown at the nearest thing around it that is there. */
function offsetOf(document: Document, path: Path, at: Finding['at']): number {
  let node: unknown = document.contents;
  let offset = startOf(node) ?? 0;
  for (const [index, part] of path.entries()) {
    if (isAlias(node)) node = node.resolve(document);
    if (isMap(node)) {
      const pair = node.items.find((item) => nameOf(item) === String(part));
      if (!pair) return offset;
      const isKey = at === 'key' && index === path.length - 1;
      offset = (isKey ? undefined : startOf(pair.value)) ?? startOf(pair.key) ?? offset;
      // The key of a thing around what is missing is a better place than its first line.
      if (at === 'key' && index < path.length - 1) offset = startOf(pair.key) ?? offset;
      node = pair.value;
    } else if (isSeq(node)) {
      node = node.items[Number(part)];
      offset = startOf(node) ?? offset;
    }
  }
  return offset;
}

/** The path of the key that begins at an offset. */
function pathAt(node: Node | null | undefined, offset: number): Path {
  if (isMap(node)) {
    for (const pair of node.items) {
      if (startOf(pair.key) === offset) return [nameOf(pair)];
      const below = isNode(pair.value) ? pathAt(pair.value, offset) : [];
      if (below.length > 0) return [nameOf(pair), ...below];
    }
  }
  if (isSeq(node)) {
    for (const [index, item] of node.items.entries()) {
      const below = isNode(item) ? pathAt(item, offset) : [];
      if (below.length > 0) return [index, ...below];
    }
  }
  return [];
}

function nameOf(pair: Pair): string {
  if (isMap(pair.key) || isSeq(pair.key)) return '?';
  return String(isScalar(pair.key) ? pair.key.value : pair.key);
}
function startOf(node: unknown): number | undefined {
  return isNode(node) ? node.range?.[0] : undefined;
}
function isNode(node: unknown): node is Node {
  return isMap(node) || isSeq(node) || isScalar(node) || isAlias(node);
}
