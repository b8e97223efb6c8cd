// The pool whose children end with what allowed them, over a real pool with real children.
import { pino } from 'pino';
import { expect, test } from 'vitest';
import { Fault } from '#contract/error.ts';
import { createSanctionedPool } from '../../bridge/sanctioned.ts';
import type { Pool } from '../../bridge/server/pool.ts';
import { freshFolder, hear, launchFake, open, poolOf, until } from './server/fixture.ts';

const denied = new Fault('SERVER_DENIED', { server: 'counting', by: 'a test' });

test('a child that the system does not let us end is logged, and the agent lives', async () => {
  const stateDir = await freshFolder();
  const launch = await launchFake('counting', stateDir);
  const real = poolOf([launch], stateDir);
  // what kill(2) answers for a group of another user
  const stuck: Pool = {
    async open(...asked) {
      const local = await real.open(...asked);
      const close = () => Promise.reject(Object.assign(new Error('kill EPERM'), { code: 'EPERM' }));
      return { write: (chunk, last) => local.write(chunk, last), close };
    },
    close: () => real.close(),
  };
  const logged: string[] = [];
  const logger = pino({ level: 'error' }, { write: (line) => void logged.push(line) });
  const pool = createSanctionedPool(stuck, () => denied, logger);
  await open(pool, launch, hear());
  pool.check();
  await until(() => logged.length > 0);
  expect(logged.join('')).toMatch(/could not be ended/);
  expect(logged.join('')).toMatch(/EPERM/);
});

test('a child that ended while it was handed over is not asked about again', async () => {
  const stateDir = await freshFolder();
  const launch = await launchFake('counting', stateDir);
  const real = poolOf([launch], stateDir);
  const brief: Pool = {
    async open(...asked) {
      const local = await real.open(...asked);
      await local.close();
      return local;
    },
    close: () => real.close(),
  };
  let asked = 0;
  const pool = createSanctionedPool(brief, () => void asked++, pino({ level: 'silent' }));
  const events = hear();
  await open(pool, launch, events);
  expect(events.exits).toEqual([undefined]);
  pool.check();
  expect(asked).toBe(0);
});
