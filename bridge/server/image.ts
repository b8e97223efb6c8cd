// `docker run image`: the image is resolved once to its id, and that id is what runs, so that a moved tag changes nothing.
// Not verified against a real daemon. A container belongs to the daemon, not to our process group: it ends with its stdin and by docker's own
// proxying of SIGTERM.
import { notFound } from './file.ts';
import type { Recipe } from './launch.ts';
import { baseEnvironment } from './environment.ts';
import type { Question } from './question.ts';
import { findExecutable } from './search-path.ts';
import { runTool } from './tool.ts';

const alone = /^(?:-[itdP]+|--(?:rm|init|interactive|tty|privileged|read-only|no-healthcheck|publish-all|sig-proxy))$/;
const withValue =
  /^(?:-[evpwulhm]|--(?:env|env-file|volume|mount|publish|workdir|user|label|hostname|name|network|net|platform|entrypoint|add-host|memory|cpus|cap-add|cap-drop|security-opt|tmpfs|dns|pull|restart|stop-timeout|shm-size|gpus|device|pids-limit|ulimit))$/;
const deadlineMs = 20_000;
const pullDeadlineMs = 300_000;

export async function resolveImage({ command, args, cwd, deps, hasher }: Question): Promise<Recipe> {
  const file = await findExecutable(command, { searchPath: deps.searchPath, cwd, platform: deps.platform });
  if (file === undefined) throw new Error(notFound(command));
  const at = imageIndex(args);
  const image = args[at] ?? '';
  const executable = await hasher.ofFile(file);
  const id = await inspect();

  async function inspect(): Promise<string> {
    const ask = ['image', 'inspect', '--format', '{{.Id}}', image];
    const first = await docker(ask, deadlineMs).catch((cause: unknown) => cause);
    if (typeof first === 'string') return imageId(first);
    const reason = first instanceof Error ? first.message : String(first);
    if (deps.install === 'never')
      throw new Error(`the image ${image} is not on this device (${reason}), and the profile does not let it be fetched`);
    deps.onProgress?.(`fetching the image ${image}`);
    await docker(['pull', '--quiet', image], pullDeadlineMs).catch((cause: unknown) => {
      throw new Error(`the image ${image} could not be fetched: ${cause instanceof Error ? cause.message : String(cause)}`, {
        cause,
      });
    });
    return imageId(await docker(ask, deadlineMs));
  }

  async function docker(words: readonly string[], withinMs: number): Promise<string> {
    const run = {
      file: file ?? '',
      args: words,
      cwd: deps.home,
      env: baseEnvironment(deps),
      deadlineMs: withinMs,
      signal: deps.signal,
    };
    return (await runTool(run)).stdout.trim();
  }

  return {
    kind: 'image',
    identity: image,
    contentHash: id.replace('sha256:', ''),
    shown: args,
    file,
    args: args.with(at, id),
    verify: async () => (await hasher.ofFile(file)) === executable,
  };
}

function imageId(text: string): string {
  // podman leaves the prefix out.
  if (!/^(?:sha256:)?[0-9a-f]{64}$/.test(text)) throw new Error('docker named no image id');
  return text;
}

/** Where the image stands among the words of `docker run`. Throws where an option is unknown: the next word might be its value. */
function imageIndex(args: readonly string[]): number {
  for (let at = 1; at < args.length; at++) {
    const word = args[at] ?? '';
    if (!word.startsWith('-')) return at;
    if (withValue.test(word)) at++;
    else if (!alone.test(word) && !word.includes('='))
      throw new Error(`the option ${word} of docker run is not understood here: write it as ${word}=value`);
  }
  throw new Error('docker run is given no image');
}
