// The gateway server's program in one piece, which starts in half the time. Made anew where one of its sources has changed; until then its sources are run, so set-up
// never fails because of it.
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { run, say, step } from './say.mjs';

/** @param {string} root */
export async function bringGateway(root) {
  if (await isMade(join(root, 'out/gateway/made.mjs'))) return;
  const { status, output } = await step('bundling the gateway server', () =>
    run(join(root, 'node_modules/.bin/node'), ['build/package/gateway.ts'], { cwd: root }),
  );
  if (status === 0) return;
  const why = systemError.exec(output)?.[1];
  const words = why === undefined ? `\n${output.trimEnd()}` : ` ${why}`;
  say(`the gateway server starts from its sources, because it could not be bundled:${words}`);
}

/** What the system refused, as Node ends with it: a person can do something about that, and nothing about its stack. */
const systemError = /^\[?Error: (E[A-Z]+: .+?)\]?(?: \{)?$/m;

/** @param {string} made */
async function isMade(made) {
  try {
    return (await import(pathToFileURL(made).href)).program !== undefined;
  } catch {
    return false;
  }
}
