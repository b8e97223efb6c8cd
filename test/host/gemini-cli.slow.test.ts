// The real Gemini CLI, driven: see test/suite/real-host.ts.
import { driveRealHost } from '../suite/real-host.ts';
import { geminiCli } from './gemini-cli.ts';

driveRealHost(geminiCli);
