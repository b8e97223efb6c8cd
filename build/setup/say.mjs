// How set-up speaks: to stderr, one line a step, because stdout may belong to a program that prints JSON.
import { spawn } from 'node:child_process';

/** A failure that a person can do something about: what happened, and what to do. */
export class SetupError extends Error {
  /** @param {string} message @param {string} advice */
  constructor(message, advice) {
    super(message);
    this.advice = advice;
  }
}

/** @param {string} line */
export function say(line) {
  process.stderr.write(`set-up: ${line}\n`);
}

/**
 * Runs a long step: says when it begins, every 15 seconds that it goes on, how it ended and how long it took.
 * @param {string} what @param {() => Promise<{ status: number, output: string }>} work
 */
export async function step(what, work) {
  const began = Date.now();
  const seconds = () => Math.round((Date.now() - began) / 1000);
  say(`${what} …`);
  const ticker = setInterval(() => say(`${what}: still at it after ${seconds()} s`), 15_000);
  try {
    const result = await work();
    say(`${what}: ${result.status === 0 ? 'done in' : 'failed after'} ${seconds()} s`);
    return result;
  } finally {
    clearInterval(ticker);
  }
}

/**
 * Runs a program to its end and keeps the last 64 KiB of what it printed. Never throws: `status` is 127 where it could not be started.
 * @param {string} file @param {readonly string[]} args
 * @param {{ cwd?: string, env?: NodeJS.ProcessEnv }} [options]
 * @returns {Promise<{ status: number, output: string }>}
 */
export function run(file, args, options = {}) {
  return new Promise((resolve) => {
    const child = spawn(file, args, { cwd: options.cwd, env: options.env, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    const keep = (/** @type {Buffer} */ chunk) => (output = (output + chunk).slice(-65_536));
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    child.on('error', (error) => resolve({ status: 127, output: `${output}${error.message}\n` }));
    child.on('close', (code, signal) =>
      resolve({ status: code ?? 128, output: signal ? `${output}ended by ${signal}\n` : output }),
    );
  });
}
