// The real opencode, driven: see test/suite/real-host.ts.
import { driveRealHost } from '../suite/real-host.ts';
import { opencode } from './opencode.ts';

driveRealHost(opencode);
