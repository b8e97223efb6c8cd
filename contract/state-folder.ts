// Where the state of a user's agent lies, so that the bridge that writes it and the tray program that looks for it agree. macOS and Windows are unverified.
// Pure and without paths of its own kind: the caller joins the parts as its platform does.

export interface StatePlace {
  readonly platform: string;
  readonly home: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** The parts of the absolute path. */
export function stateFolder({ platform, home, env }: StatePlace): readonly [string, ...string[]] {
  if (platform === 'darwin') return [home, 'Library', 'Application Support', 'Drawbridge'];
  if (platform === 'win32')
    return env['LOCALAPPDATA'] === undefined ? [home, 'AppData', 'Local', 'Drawbridge'] : [env['LOCALAPPDATA'], 'Drawbridge'];
  const base = env['XDG_STATE_HOME'];
  return base?.startsWith('/') === true ? [base, 'drawbridge'] : [home, '.local', 'state', 'drawbridge'];
}
