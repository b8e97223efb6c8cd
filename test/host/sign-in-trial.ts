// One host signs in to two servers in a fresh browser and calls a tool of each; what was seen, as claims of the table.
import type { SignInGround } from './sign-in-ground.ts';
import type { SigningHost } from './sign-in-host.ts';
import { type Asked, followTo } from './sign-in-person.ts';

export interface SignInVerdict {
  readonly host: string;
  readonly version: string;
  /** With a browser and an account at the identity provider, and no other credential. */
  readonly signedIn: boolean;
  /** Of two servers, with what each answered and the gateway's record of it by this host for this person. */
  readonly called: number;
  /** What the person had to answer for the first entry, and for the second. */
  readonly asked: readonly [first: readonly Asked[], second: readonly Asked[]];
  readonly secondSilent: boolean;
}

const calls = [
  { server: 'everything', tool: 'echo', arguments: { message: 'hello' }, answer: /Echo: hello/ },
  { server: 'memory', tool: 'read_graph', arguments: {}, answer: /entities/ },
] as const;

export async function trySignIn(host: SigningHost, ground: SignInGround): Promise<SignInVerdict> {
  const session = await host.open(ground);
  try {
    const browser = ground.at.browser();
    const asked: Asked[][] = [];
    for (const { server } of calls)
      await session.signIn(server, async (address) => {
        const led = await followTo(browser, address, 'ada@example.org');
        asked.push([...led.asked]);
        return led.back;
      });
    const from = Date.now();
    let called = 0;
    for (const call of calls) {
      const said = await session.call(call.server, call.tool, call.arguments);
      const records = (await ground.at.deployment.records(100)).filter(
        (record) => record['method'] === 'tools/call' && record['tool'] === call.tool && Number(record['at']) >= from,
      );
      const isRecorded = records.some((record) => isOf(record, host.recordedAs));
      if (!call.answer.test(said) || !isRecorded) throw new Error(`${call.tool} was not called: ${said.slice(-2000)}`);
      called++;
    }
    const [first = [], second = []] = asked;
    return {
      host: host.id,
      version: host.version,
      signedIn: asked.length === 2,
      called,
      asked: [first, second],
      secondSilent: asked.length === 2 && second.length === 0,
    };
  } finally {
    await session.close();
  }
}

function isOf(record: Readonly<Record<string, unknown>>, host: string): boolean {
  const user = record['user'];
  const isAda = typeof user === 'object' && user !== null && 'name' in user && user.name === 'ada';
  return isAda && record['host'] === host && record['via'] === 'http' && record['decision'] === 'allowed';
}
