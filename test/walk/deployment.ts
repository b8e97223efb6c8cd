// A whole deployment for a test: the gateway server and bridges as their own processes, started by their own command lines in temporary folders.
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { freePort } from '../free-port.ts';
import { type Program, root, run, startProgram } from './program.ts';

const gatewayCli = join(root, 'gateway/launch.mjs');
const bridgeCli = join(root, 'bridge/cli.ts');

/** The whole policy as YAML (JSON is YAML). */
export type PolicyText = object;

export interface Workstation {
  readonly stateDir: string;
  readonly home: string;
  readonly profileFile: string;
  readonly agent: Program;
  /** Runs `drawbridge <args> --state …`. */
  cli(...args: string[]): ReturnType<typeof run>;
  /** Ends the agent, if it still runs, and starts another on the same state. */
  restart(signal?: NodeJS.Signals): Promise<void>;
}

export interface Deployment {
  readonly dir: string;
  readonly dataDir: string;
  readonly origin: string;
  readonly port: number;
  gateway(): Program;
  /** Runs `drawbridge-gateway <args> --data …`; throws where it fails. */
  admin(...args: string[]): Promise<string>;
  adminRaw(...args: string[]): ReturnType<typeof run>;
  apply(policy: PolicyText): Promise<void>;
  /** `identity set` with the value on standard input; throws where it fails. Returns what it printed. */
  identity(value: string, ...args: string[]): Promise<string>;
  /** An administrator's command that is given a value on standard input; resolves with all that it printed. */
  secret(value: string, ...args: string[]): Promise<string>;
  hostToken(of: { user: string; gateway: string; host?: string; ttl?: string }): Promise<string>;
  /** Enrolls a workstation for a user and waits for its first offers to be known. */
  workstation(of: {
    user: string;
    profile?: object;
    home?: string;
    gatewayOrigin?: string;
    env?: Record<string, string>;
  }): Promise<Workstation>;
  restartGateway(signal?: NodeJS.Signals): Promise<void>;
  /** The newest records of calls and events, the oldest first; without what comes at its own pace: alerts, and `deeds`. */
  records(limit?: number): Promise<Record<string, unknown>[]>;
  /** The newest records of calls alone, the oldest first: events come at their own pace. */
  calls(count: number): Promise<Record<string, unknown>[]>;
  deeds(): Promise<Record<string, unknown>[]>;
  close(): Promise<void>;
}

export interface DeployOptions {
  readonly policy: PolicyText;
  readonly serveArgs?: string[];
  readonly env?: Record<string, string>;
  /** Where the gateway's data lies, where it is not a folder of its own. */
  readonly dataDir?: string;
  /** The origin that the world knows, where a proxy stands before the gateway's own port. */
  readonly publicOrigin?: (port: number) => Promise<string>;
}

export async function deploy(options: DeployOptions): Promise<Deployment> {
  const dir = await mkdtemp(join(tmpdir(), 'drawbridge-walk-'));
  const dataDir = options.dataDir ?? join(dir, 'gateway');
  const port = await freePort();
  const origin = `http://127.0.0.1:${port}`;
  const publicOrigin = (await options.publicOrigin?.(port)) ?? origin;
  const workstations: Workstation[] = [];
  let count = 0;

  async function serve(): Promise<Program> {
    const args = [
      'serve',
      '--data',
      dataDir,
      '--listen',
      `127.0.0.1:${port}`,
      '--public-url',
      publicOrigin,
      '--metrics-listen',
      '127.0.0.1:0',
      ...(options.serveArgs ?? []),
    ];
    const program = startProgram(gatewayCli, args, options.env);
    await program.event('listening');
    return program;
  }
  let gateway = await serve();
  const adminRaw = (...args: string[]) =>
    run(gatewayCli, [...args, '--data', dataDir], { ...(options.env && { env: options.env }) });

  async function tail(limit: number): Promise<Record<string, unknown>[]> {
    const printed = await deployment.admin('audit', 'tail', '-n', String(limit), '--json');
    const lines = printed.split('\n').filter(Boolean);
    return lines.map((line) => z.record(z.string(), z.unknown()).parse(JSON.parse(line)));
  }

  const deployment: Deployment = {
    dir,
    dataDir,
    origin,
    port,
    gateway: () => gateway,
    adminRaw,
    async admin(...args) {
      const done = await adminRaw(...args);
      if (done.code !== 0) throw new Error(`drawbridge-gateway ${args.join(' ')}: ${done.stderr}`);
      return done.stdout;
    },
    async apply(policy) {
      const file = join(dir, 'policy.yaml');
      await writeFile(file, JSON.stringify(policy));
      await deployment.admin('apply', '-f', file);
    },
    identity: (value, ...args) => deployment.secret(value, 'identity', 'set', ...args),
    async secret(value, ...args) {
      const done = await run(gatewayCli, [...args, '--data', dataDir], {
        input: `${value}\n`,
        ...(options.env && { env: options.env }),
      });
      if (done.code !== 0) throw new Error(`drawbridge-gateway ${args.join(' ')}: ${done.stderr}`);
      return done.stdout + done.stderr;
    },
    async hostToken({ user, gateway: slug, host = 'test', ttl = '1h' }) {
      const printed = await deployment.admin(
        'token',
        'host',
        '--user',
        user,
        '--gateway',
        slug,
        '--host',
        host,
        '--ttl',
        ttl,
        '--json',
      );
      return z.looseObject({ token: z.string() }).parse(JSON.parse(printed)).token;
    },
    async workstation({ user, profile = {}, home, gatewayOrigin = publicOrigin, env }) {
      const name = `${user}-${++count}`;
      const stateDir = join(dir, name);
      const ownHome = home ?? join(dir, `${name}-home`);
      await Promise.all([mkdir(stateDir, { recursive: true, mode: 0o700 }), mkdir(ownHome, { recursive: true })]);
      const enrolled = z
        .looseObject({ token: z.string() })
        .parse(JSON.parse(await deployment.admin('token', 'enroll', '--user', user, '--json')));
      const tokenFile = join(stateDir, 'enrollment-token');
      const profileFile = join(stateDir, 'profile.json');
      await writeFile(tokenFile, enrolled.token, { mode: 0o600 });
      await writeFile(
        profileFile,
        JSON.stringify({
          GatewayURL: gatewayOrigin,
          EnrollmentTokenFile: tokenFile,
          LocalServerPackageRoots: [root],
          LocalServerInstall: 'never',
          PostureStatusPath: join(stateDir, 'posture.json'),
          ...profile,
        }),
        { mode: 0o600 },
      );
      const start = async () => {
        const program = startProgram(bridgeCli, ['agent', '--state', stateDir, '--home', ownHome, '--profile', profileFile], env);
        await program.event('started');
        return program;
      };
      let agent = await start();
      const workstation: Workstation = {
        stateDir,
        home: ownHome,
        profileFile,
        get agent() {
          return agent;
        },
        cli: (...args) => run(bridgeCli, [...args, '--state', stateDir], { ...(env && { env }) }),
        async restart(signal = 'SIGTERM') {
          await agent.stop(signal);
          agent = await start();
        },
      };
      workstations.push(workstation);
      return workstation;
    },
    async restartGateway(signal = 'SIGTERM') {
      await gateway.stop(signal);
      gateway = await serve();
    },
    async records(limit = 100) {
      const all = await tail(limit + 200);
      return all
        .filter(({ kind, event }) => kind !== 'deed' && event !== 'alert_raised' && event !== 'alert_closed')
        .slice(-limit);
    },
    calls: async (count) => (await deployment.records(200)).filter(({ kind }) => kind === 'call').slice(-count),
    deeds: async () => (await tail(1000)).filter(({ kind }) => kind === 'deed'),
    async close() {
      for (const { agent } of workstations) await agent.stop();
      await gateway.stop();
      await rm(dir, { recursive: true, force: true, maxRetries: 10 });
    },
  };
  await deployment.apply(options.policy);
  return deployment;
}

/** Waits until the claim holds; fails with what it saw last. */
export async function until<T>(what: string, look: () => Promise<T | undefined | false>, withinMs = 15_000): Promise<T> {
  const deadline = Date.now() + withinMs;
  for (;;) {
    const seen = await look();
    if (seen !== undefined && seen !== false) return seen;
    if (Date.now() > deadline) throw new Error(`waited ${withinMs} ms in vain: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}
