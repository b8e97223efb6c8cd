// The real Codex, driven: see test/suite/real-host.ts.
import { driveRealHost } from '../suite/real-host.ts';
import { codex } from './codex.ts';

driveRealHost(codex);
