// A program that keeps secrets as the agent does, one step per argument: `secret-keeper.ts STATE_DIR set:NAME=VALUE get:NAME remove:NAME …`.
// Prints one JSON object: which store it got, why, and what each `get` found.
import { reveal, Secret } from '#contract/secret.ts';
import { openSecretStore } from '../../bridge/device/keychain.ts';

const [stateDir = '', ...steps] = process.argv.slice(2);
const store = await openSecretStore({
  stateDir,
  service: 'drawbridge-test',
  withinMs: Number(process.env['WITHIN_MS'] ?? 5000),
});
const found: (string | null)[] = [];
for (const step of steps) {
  const [action = '', rest = ''] = step.split(':');
  const [name = '', value = ''] = rest.split('=');
  if (action === 'set') await store.set(name, new Secret(value));
  else if (action === 'remove') await store.remove(name);
  else {
    const secret = await store.get(name);
    found.push(secret === undefined ? null : reveal(secret));
  }
}
process.stdout.write(`${JSON.stringify({ kind: store.kind, reason: store.reason ?? null, found })}\n`, () => process.exit());
