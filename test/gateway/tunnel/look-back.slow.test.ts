// What a return of many costs the store: the newest calls of all who come are found together.
import { expect, test, vi } from 'vitest';
import type { RecentCall } from '#contract/recent-call.ts';
import { until } from '../../bridge/server/fixture.ts';
import { proves } from '../../requirement.ts';
import { callRecord } from '../../suite/sample.ts';
import { createStage } from './stage.ts';

const count = 24;
const tickMs = 1000;

test('workstations that come at once share one look a tick, and each hears the calls of its own user', async () => {
  proves('tunnel.one-look-for-all', {
    file: 'gateway/tunnel/look-back.ts',
    find: 'waiting.add(link);\n    },',
    replace: 'deps.watch(tell(new Set([link])));\n    },',
  });
  const stage = await createStage();
  const devices = [];
  for (let i = 0; i < count; i++) devices.push(await stage.device(i % 2 === 0 ? 'ada' : 'bob'));
  const users = [...new Set(devices.map((device) => device.user))];
  for (const [index, user] of users.entries())
    await stage.recorder.append(callRecord(user, { at: Date.now(), tool: `t${index}` }));

  const looks = vi.spyOn(stage.store, 'newestCalls');
  const began = performance.now();
  const heard = devices.map((device) => {
    const calls: RecentCall[] = [];
    stage.bridge(device, { onCalls: (told) => void calls.push(...told) });
    return { user: device.user, calls };
  });
  await until(() => heard.every(({ calls }) => calls.length > 0));
  const ticks = Math.ceil((performance.now() - began) / tickMs) + 1;
  expect(looks.mock.calls.length).toBeLessThanOrEqual(ticks);
  for (const { user, calls } of heard) expect(calls.map(({ tool }) => tool)).toEqual([`t${users.indexOf(user)}`]);
});
