// The real Claude Code, driven: see test/suite/real-host.ts.
import { driveRealHost } from '../suite/real-host.ts';
import { claudeCode } from './claude-code.ts';

driveRealHost(claudeCode);
