// The command line of `npm start`, read once. What is wrong with it is one line that says what to do.
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';

export interface StartOptions {
  readonly listen: string;
  /** The origin that hosts use. */
  readonly origin: string;
  readonly dataDir: string;
  readonly home: string;
  readonly isJson: boolean;
}

export const usage = `npm start -- [--listen HOST:PORT] [--data DIR] [--home DIR] [--json]

  --listen HOST:PORT  where the gateway server listens, on loopback (default 127.0.0.1:7070)
  --data DIR          where everything is kept (default .drawbridge)
  --home DIR          the home whose AI host configs are managed (default DIR of --data, plus /home)
  --json              one JSON object a line, each with "event"`;

/** A mistake of the person who started it; printed without a stack. */
export class StartError extends Error {}

export function readOptions(args: readonly string[], root: string): StartOptions | 'help' {
  let values;
  try {
    ({ values } = parseArgs({
      args: [...args],
      options: {
        listen: { type: 'string' },
        data: { type: 'string' },
        home: { type: 'string' },
        json: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    }));
  } catch (error) {
    throw new StartError(`${error instanceof Error ? error.message : String(error)}\n\n${usage}`);
  }
  if (values.help) return 'help';
  const listen = values.listen ?? '127.0.0.1:7070';
  const port = Number(/^(?:127\.0\.0\.1|localhost|\[::1\]):(\d{1,5})$/.exec(listen)?.[1]);
  if (!(port > 0 && port < 65_536))
    throw new StartError(`--listen ${listen}: write a loopback address and a port, such as 127.0.0.1:7070.`);
  const dataDir = resolve(values.data ?? resolve(root, '.drawbridge'));
  return {
    listen,
    origin: `http://${listen}`,
    dataDir,
    home: resolve(values.home ?? resolve(dataDir, 'home')),
    isJson: values.json ?? false,
  };
}
