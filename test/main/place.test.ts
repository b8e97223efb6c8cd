// The rule of where an agent's socket lies stands twice, because programs import nothing of each other; here both are asked. That of its folder stands in the contract.
import { expect, test } from 'vitest';
import { stateFolder } from '#contract/state-folder.ts';
import { defaultStateDir as ofBridge } from '../../bridge/location.ts';
import { socketPath } from '../../bridge/socket/path.ts';
import { agentSocket, defaultStateDir } from '../../main/place.ts';
import { proves } from '../requirement.ts';

const dirs = [
  '/home/ada/.local/state/drawbridge',
  `/home/${'long'.repeat(30)}/state`,
  String.raw`C:\Users\Ada\AppData\Local\Drawbridge`,
];

test.each(['linux', 'darwin', 'win32'] as const)('the companion looks where the agent listens, on %s', (platform) => {
  proves('companion.same-socket', { file: 'main/place.ts', find: '<= 100 ? direct', replace: '<= 107 ? direct' });
  const near = `/home/${'x'.repeat(85)}/s`;
  for (const dir of [...dirs, near.slice(0, 90), near.slice(0, 93)])
    expect(agentSocket(dir, platform, 1000)).toBe(socketPath(dir, platform, 1000));
  for (const env of [{}, { XDG_STATE_HOME: '/var/state' }, { XDG_STATE_HOME: 'relative' }, { LOCALAPPDATA: 'D:\\Local' }])
    expect(defaultStateDir({ platform, home: '/home/ada', env })).toBe(ofBridge({ platform, home: '/home/ada', env }));
});

test.each([
  ['linux', {}, ['/home/ada', '.local', 'state', 'drawbridge']],
  ['linux', { XDG_STATE_HOME: '/var/state' }, ['/var/state', 'drawbridge']],
  ['linux', { XDG_STATE_HOME: 'relative' }, ['/home/ada', '.local', 'state', 'drawbridge']],
  ['darwin', { XDG_STATE_HOME: '/var/state' }, ['/home/ada', 'Library', 'Application Support', 'Drawbridge']],
  ['win32', { LOCALAPPDATA: 'D:\\Local' }, ['D:\\Local', 'Drawbridge']],
  ['win32', {}, ['/home/ada', 'AppData', 'Local', 'Drawbridge']],
] as const)('the state of a user lies in one folder, on %s with %o', (platform, env, parts) => {
  expect(stateFolder({ platform, home: '/home/ada', env })).toEqual(parts);
});
