// Policies for property tests: any that a file may hold.
import fc from 'fast-check';
import { PolicyFile } from '#contract/policy.ts';

const slug = fc.stringMatching(/^[a-z][a-z0-9]{0,5}$/);
const title = fc.option(fc.string({ minLength: 1, maxLength: 20 }), { nil: undefined });
const condition = fc
  .record({
    name: fc.constantFrom('get_*', '*', '"'),
    readOnlyHint: fc.option(fc.boolean(), { nil: undefined }),
    destructiveHint: fc.option(fc.boolean(), { nil: undefined }),
  })
  .map((of) => ({ if: of }));
const tools = fc.oneof(
  fc.constantFrom('all', 'none'),
  fc.array(fc.oneof(fc.constantFrom('all', 'none', 'echo', 'a b'), fc.string({ minLength: 1, maxLength: 10 }), condition), {
    maxLength: 4,
  }),
);

const person = { title, email: fc.constantFrom('a@example.org', 'b@example.org') };
/** With an address of their own. */
const known = (name: string, of: object = {}) => ('email' in of ? { ...of, email: `${name}.${String(of.email)}` } : of);
const service = { title, kind: fc.constant('service'), secretHash: fc.stringMatching(/^sha256:[0-9a-f]{64}$/) };

const timeoutSeconds = fc.integer({ min: 1, max: 99 });
const workstation = fc.record({ title, kind: fc.constant('workstation'), shareable: fc.boolean(), timeoutSeconds });
const remote = fc
  .record({
    title,
    kind: fc.constant('remote'),
    url: fc.constantFrom('https://a.example.org/mcp', 'https://b.example.org/mcp?x=1', 'http://127.0.0.1:9/'),
    auth: fc.constantFrom('none', 'header'),
    header: fc.option(fc.constantFrom('X-Api-Key', 'X-Token'), { nil: undefined }),
    allowPrivate: fc.subarray(['10.0.0.0/8', 'intranet', '::1', '127.0.0.1']),
    transport: fc.constantFrom('auto', 'sse'),
    sign: fc.boolean(),
    egress: fc.option(fc.constantFrom('direct', 'corp'), { nil: undefined }),
    timeoutSeconds,
  })
  .map((server) => (server.auth === 'none' ? { ...server, header: undefined } : server));

const rules = fc.uniqueArray(
  fc.record({
    name: slug,
    on: fc.constantFrom('request', 'response', 'both'),
    action: fc.constantFrom('block', 'redact', 'alert'),
    alert: fc.boolean(),
    method: fc.constantFrom('secrets', 'injection', 'pii'),
  }),
  { maxLength: 4, selector: ({ name }) => name },
);

interface Loose {
  readonly servers: Readonly<Record<string, object | undefined>>;
  readonly gateways: Readonly<Record<string, { readonly assignments: Readonly<Record<string, object | undefined>> } | undefined>>;
}
/** The gateways, with each assignment such as its server can have. */
function fitting({ servers, gateways }: Loose): object {
  const fit = (name: string, assignment: object | undefined) => {
    const server = { auth: 'none', kind: '', ...servers[name] };
    if (server.kind === 'workstation') return { ...assignment, identity: 'none' };
    return { ...assignment, reach: 'caller', ...(server.auth === 'none' ? { identity: 'none' } : {}) };
  };
  const each = (assignments: Readonly<Record<string, object | undefined>>) =>
    Object.fromEntries(Object.entries(assignments).map(([name, of]) => [name, fit(name, of)]));
  return Object.fromEntries(
    Object.entries(gateways).map(([name, gateway]) => [name, { ...gateway, assignments: each(gateway?.assignments ?? {}) }]),
  );
}

/** A valid policy: what it names exists in it. */
export const anyPolicy: fc.Arbitrary<PolicyFile> = fc
  .record({
    users: fc.uniqueArray(slug, { maxLength: 4 }),
    teams: fc.uniqueArray(slug, { maxLength: 3 }),
    servers: fc.uniqueArray(slug, { maxLength: 3 }),
    gateways: fc.uniqueArray(slug, { maxLength: 3 }),
  })
  .chain((names) => {
    const some = (of: readonly string[]) =>
      of.length === 0 ? fc.constant([]) : fc.array(fc.constantFrom(...of), { maxLength: 4 });
    const each = <T>(of: readonly string[], value: fc.Arbitrary<T>) =>
      fc.tuple(...of.map(() => value)).map((values) => Object.fromEntries(of.map((name, index) => [name, values[index]])));
    const people = (users: Readonly<Record<string, object | undefined>>) =>
      Object.fromEntries(Object.entries(users).map(([name, of]) => [name, known(name, of)]));
    const days = fc.constantFrom('1d', '45d', '400d', undefined);
    const capture = fc.constantFrom(undefined, 'off', 'redacted', 'full');
    const reach = fc.constantFrom('caller', '0198c0de-0000-7000-8000-000000000001');
    const assignment = fc.record({ reach, tools, identity: fc.constantFrom('own', 'shared') });
    const assignments = fc.subarray([...names.servers]).chain((servers) => each(servers, assignment));
    return fc.record({
      version: fc.constant(1 as const),
      users: each(
        names.users,
        fc.oneof(fc.record({ ...person, teams: some(names.teams) }), fc.record({ ...service, teams: some(names.teams) })),
      ).map(people),
      teams: each(names.teams, fc.record({ title, gateways: some(names.gateways) })),
      servers: each(names.servers, fc.oneof(workstation, remote)),
      gateways: each(names.gateways, fc.record({ title, assignments, rules, capture })),
      retention: fc.option(fc.record({ records: days, payloads: days }), { nil: undefined }),
    });
  })
  .map((policy) => PolicyFile.parse(JSON.parse(JSON.stringify({ ...policy, gateways: fitting(policy) }))));
