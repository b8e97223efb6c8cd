// What resolving a launch line needs to know: the line, and the device as its caller sees it.
import type { Hasher } from './content.ts';

export interface ResolveDeps {
  readonly home: string;
  readonly platform: NodeJS.Platform;
  /** The agent's own environment, of which a child gets the allow-listed part. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** From searchPath(). */
  readonly searchPath: readonly string[];
  /** Directories with a node_modules that IT filled. */
  readonly packageRoots: readonly string[];
  readonly install: 'allow' | 'never';
  readonly stateDir: string;
  /** A Node >= 20, absolute: runs npm packages. */
  readonly node: string;
  readonly caFile?: string | undefined;
  /** One for the agent's life makes a second resolve cheap. */
  readonly hasher?: Hasher | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((text: string) => void) | undefined;
}

/** A line as one of the four kinds sees it. */
export interface Question {
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly deps: ResolveDeps;
  readonly hasher: Hasher;
}
