// The tools that each fake remote server has, whatever library and revision it is made with.
import type { IncomingHttpHeaders } from 'node:http';

/** Who calls, by what stands in the Authorization header or in X-Api-Key. */
export type People = Readonly<Record<string, string>>;

export interface Calls {
  /** Names of tools, in the order in which they ran. */
  readonly ran: string[];
  /** Of calls that were cancelled while they ran. */
  readonly cancelled: string[];
}

export interface Doing {
  readonly headers: IncomingHttpHeaders | Headers | undefined;
  readonly signal: AbortSignal;
  progress(done: number): Promise<void>;
  log(text: string): Promise<void>;
  /** What the person answers. */
  ask(question: string): Promise<string>;
  /** The same, outside of the stream of the call. */
  askAside(question: string): Promise<string>;
  /** Says that the list of tools changed, outside of the stream of the call. */
  grow(): Promise<void>;
}

export function nameOf(headers: Doing['headers'], people: People): string {
  const header = (name: string) => (headers instanceof Headers ? headers.get(name) : headers?.[name]);
  const shown = header('authorization') ?? header('x-api-key');
  return typeof shown === 'string' ? (people[shown.replace(/^Bearer /, '')] ?? 'a stranger') : 'nobody';
}

/** What a tool answers. */
export async function run(
  tool: string,
  args: Readonly<Record<string, unknown>>,
  doing: Doing,
  people: People,
  calls: Calls,
): Promise<string> {
  calls.ran.push(tool);
  switch (tool) {
    case 'whoami':
      return nameOf(doing.headers, people);
    case 'echo':
      return String(args['text']);
    case 'huge':
      return 'x'.repeat(Number(args['bytes']));
    case 'slow':
      await until(doing.signal, Number(args['ms']), () => calls.cancelled.push(tool));
      return 'at last';
    case 'steps':
      for (let step = 1; step <= Number(args['count']); step++) {
        await until(doing.signal, Number(args['ms']), () => calls.cancelled.push(tool));
        await doing.progress(step);
      }
      return 'done';
    case 'says':
      await doing.log(String(args['text']));
      return 'said';
    case 'asks':
      return doing.ask(String(args['text']));
    case 'asks-aside':
      return doing.askAside(String(args['text']));
    case 'grows':
      await doing.grow();
      return 'grown';
    default:
      throw new Error(`no tool ${tool}`);
  }
}

export const toolNames = ['whoami', 'echo', 'huge', 'slow', 'steps', 'says', 'asks', 'asks-aside', 'grows'] as const;

function until(signal: AbortSignal, ms: number, onCancelled: () => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      onCancelled();
      reject(new Error('cancelled'));
    });
  });
}
