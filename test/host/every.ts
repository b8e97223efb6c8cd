// The real AI hosts that are driven here, in the order of the table.
import { claudeCode } from './claude-code.ts';
import { codex } from './codex.ts';
import { geminiCli } from './gemini-cli.ts';
import type { RealHost } from './host.ts';
import { opencode } from './opencode.ts';

export const realHosts: readonly RealHost[] = [claudeCode, codex, geminiCli, opencode];
