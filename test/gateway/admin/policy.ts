// Policies for property tests: any that a file may hold.
import fc from 'fast-check';
import { PolicyFile } from '#contract/policy.ts';

const slug = fc.stringMatching(/^[a-z][a-z0-9]{0,5}$/);
const title = fc.option(fc.string({ minLength: 1, maxLength: 20 }), { nil: undefined });
const tools = fc.oneof(
  fc.constantFrom('all', 'none'),
  fc.array(fc.oneof(fc.constantFrom('all', 'none', 'echo', 'a b'), fc.string({ minLength: 1, maxLength: 10 })), { maxLength: 4 }),
);

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
    const assignment = fc.record({ reach: fc.constantFrom('caller', '0198c0de-0000-7000-8000-000000000001'), tools });
    const assignments = fc.subarray([...names.servers]).chain((servers) => each(servers, assignment));
    return fc.record({
      version: fc.constant(1 as const),
      users: each(
        names.users,
        fc.record({ title, email: fc.constantFrom('a@example.org', 'b@example.org'), teams: some(names.teams) }),
      ),
      teams: each(names.teams, fc.record({ title, gateways: some(names.gateways) })),
      servers: each(
        names.servers,
        fc.record({
          title,
          kind: fc.constant('workstation'),
          shareable: fc.boolean(),
          timeoutSeconds: fc.integer({ min: 1, max: 99 }),
        }),
      ),
      gateways: each(names.gateways, fc.record({ title, assignments })),
    });
  })
  .map((policy) => PolicyFile.parse(JSON.parse(JSON.stringify(policy))));
