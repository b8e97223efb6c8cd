// What a host sees where no agent runs at all: the shim waits a little, because at login a host may start first.
import { expect, test } from 'vitest';
import { initialize, openFarSide, startShim } from './fixture.ts';

test('without an agent the host is told what to do, and the exit code is 1', async () => {
  const side = await openFarSide();
  await side.socket.close();
  const shim = startShim(side.stateDir);
  try {
    expect((await shim.ask(initialize)).error?.message).toBe(
      'Drawbridge is not running on this workstation. Start it and try again.',
    );
    expect(await shim.ended()).toBe(1);
    expect(shim.stderr()).toContain('Drawbridge is not running');
  } finally {
    await shim.close();
    await side.close();
  }
});
