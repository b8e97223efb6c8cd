// Direct stdio: the load generator speaks to the echo server itself. What the machine can do.
import type { Target } from '../target.ts';

export function directTarget(node: string, echoServer: string): Target {
  return {
    name: 'direct stdio',
    start: () =>
      Promise.resolve({
        drive: { kind: 'line', file: node, args: [echoServer], env: {} },
        roots: [],
        close: () => Promise.resolve(),
      }),
  };
}
