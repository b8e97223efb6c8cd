// What is switched off reaches decisions without waiting for the policy, ends by itself, and is doubt where it can't be read.
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Switch } from '#contract/switch.ts';
import { openInForce } from '../../gateway/in-force.ts';
import type { Store } from '../../gateway/store/store.ts';
import { until } from '../bridge/server/fixture.ts';
import { proves } from '../requirement.ts';
import { openData, quiet, twoTeams, type Data } from './data.ts';

const off = (change: Partial<Switch> = {}): Switch => ({
  kind: 'server',
  name: 'memory',
  reason: 'it leaks',
  isTold: false,
  since: Date.now(),
  until: null,
  by: 'root',
  owner: null,
  ...change,
});
const hashSecret = Buffer.alloc(32);
let data: Data;
beforeEach(async () => {
  data = await openData(twoTeams);
});
afterEach(() => data.close());

function open(store: Store = data.store, now = Date.now) {
  return openInForce({ store, bus: data.bus, logger: quiet, hashSecret, now });
}

describe('a switch', () => {
  test('is in force while the policy is still being read', async () => {
    proves('switch.not-behind-policy', {
      file: 'gateway/in-force.ts',
      find: '    readSwitches();\n    readPolicy();',
      replace: '    readPolicy();',
    });
    const gate = Promise.withResolvers<void>();
    let isSlow = false;
    const slow = async (revision: number) => {
      if (isSlow) await gate.promise;
      return data.store.changesAfter(revision);
    };
    const inForce = await open({ ...data.store, changesAfter: slow });
    isSlow = true;
    await data.store.switchOff(off());
    data.bus.publish('changed');
    await until(() => inForce.current().off?.find('server', 'memory')?.code === 'SWITCHED_OFF');
    gate.resolve();
    await data.store.switchOn(off());
    data.bus.publish('changed');
    await until(() => inForce.current().off === undefined);
    inForce.close();
  });

  test('ends at its time, and whoever follows the policy is told', async () => {
    proves('switch.ends-itself', {
      file: 'gateway/in-force.ts',
      find: 'onAgain = setTimeout(combine,',
      replace: 'onAgain = setTimeout(() => undefined,',
    });
    let now = Date.now();
    await data.store.switchOff(off({ until: now + 50 }));
    const inForce = await open(data.store, () => now);
    let told = 0;
    inForce.onChange(() => told++);
    expect(inForce.current().off).toBeDefined();
    now += 50;
    await until(() => told > 0 && inForce.current().off === undefined);
    inForce.close();
  });

  test('that can not be read has every call refused until it can', async () => {
    proves('switch.doubt-refuses', {
      file: 'gateway/in-force.ts',
      find: '      switches = undefined;\n',
      replace: '',
    });
    let isFailing = false;
    const switches = () => (isFailing ? Promise.reject(new Error('the store is away')) : data.store.switches());
    const inForce = await open({ ...data.store, switches });
    isFailing = true;
    data.bus.publish('changed');
    await until(() => {
      try {
        return !inForce.current();
      } catch {
        return true;
      }
    });
    expect(() => inForce.current()).toThrow(expect.objectContaining({ code: 'POLICY_MISSING' }));
    isFailing = false;
    await until(() => {
      try {
        return inForce.current().off === undefined;
      } catch {
        return false;
      }
    });
    inForce.close();
  });
});
