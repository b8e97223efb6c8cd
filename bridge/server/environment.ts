// The environment of a local server: a short list of names from the agent's own, and what the server's entry sets.
// Nothing else of ours gets in: no gateway address, no token, no npm_* of the process that started the agent.
type Environment = Readonly<Record<string, string | undefined>>;

const inherited = /^(?:HOME|LANG|LANGUAGE|LC_[A-Z]+|TMPDIR|TZ|USER|LOGNAME|SHELL|XDG_[A-Z_]+)$/;
const inheritedOnWindows =
  /^(?:SystemRoot|SystemDrive|windir|ComSpec|PATHEXT|TEMP|TMP|APPDATA|LOCALAPPDATA|ProgramData|ProgramFiles(?:\(x86\))?|USERPROFILE|USERNAME|HOMEDRIVE|HOMEPATH|NUMBER_OF_PROCESSORS|PROCESSOR_ARCHITECTURE)$/i;

// Variables that make a runtime, a shell, a linker or a library load other code than the command line names. Their values count in the fingerprint.
// Whole families, because new members appear with each release. HOME and XDG_* are among them where an entry sets them: shells and runtimes read
// start files and user packages below them.
const families =
  /^(?:BASH|BUN|BUNDLE|CARGO|COMPLUS|CORECLR|DENO|DOCKER|DOTNET|DYLD|GEM|GIT|GLIBC|GO|JAVA|JDK|LD|LUA|NODE|npm|OPENSSL|PERL|PHP|PIP|PNPM|POETRY|PYTHON|R|RUBY|RUST|RUSTUP|SSH|TS_NODE|TSX|UV|XDG|YARN)(?:\d*_.+)$/i;
const members =
  /^(?:PATH|PATHEXT|HOME|HOMEDRIVE|HOMEPATH|USERPROFILE|APPDATA|LOCALAPPDATA|PROGRAMDATA|SHELL|COMSPEC|ENV|SHELLOPTS|BASHOPTS|ZDOTDIR|IFS|CDPATH|FPATH|EDITOR|VISUAL|PAGER|BROWSER|GCONV_PATH|LOCPATH|NLSPATH|PYTHON[A-Z0-9]+|VIRTUAL_ENV|CONDA_PREFIX|PERL5?[A-Z0-9]+|RUBY[A-Z0-9]+|PHPRC|CLASSPATH|_JAVA_OPTIONS|GOFLAGS|GOPATH|GOROOT)$/i;
/** Members of these families that choose no code, and that entries often set. */
const harmless =
  /^(?:NODE_(?:ENV|NO_WARNINGS|DEBUG|TLS_REJECT_UNAUTHORIZED|EXTRA_CA_CERTS)|PYTHON(?:UNBUFFERED|IOENCODING|UTF8|DONTWRITEBYTECODE|WARNINGS|HASHSEED))$/i;

/** Does this variable decide which code runs, so that its value belongs to what was approved? */
export function choosesCode(name: string): boolean {
  return (families.test(name) || members.test(name)) && !harmless.test(name);
}

/** May an entry set this variable? On POSIX a shell would read other names as functions or drop them. */
export function isEnvironmentName(name: string, platform: NodeJS.Platform): boolean {
  return platform === 'win32' ? /^[^=\0]+$/.test(name) : /^[A-Za-z_][A-Za-z0-9_]*$/.test(name);
}

export interface EnvironmentParts {
  readonly environment: Environment;
  readonly platform: NodeJS.Platform;
  readonly home: string;
  readonly searchPath: readonly string[];
  readonly caFile?: string | undefined;
}

/** What every child gets, before its entry's own variables. */
export function baseEnvironment(of: EnvironmentParts): Record<string, string> {
  const allowed = of.platform === 'win32' ? inheritedOnWindows : inherited;
  const base: Record<string, string> = {};
  for (const [name, value] of Object.entries(of.environment)) if (value !== undefined && allowed.test(name)) base[name] = value;
  base[of.platform === 'win32' ? 'USERPROFILE' : 'HOME'] = of.home;
  base['PATH'] = of.searchPath.join(of.platform === 'win32' ? ';' : ':');
  if (of.caFile !== undefined) base['NODE_EXTRA_CA_CERTS'] = of.caFile;
  return base;
}

const forInstall =
  /^(?:https?_proxy|no_proxy|all_proxy|npm_config_(?:registry|userconfig|cafile|cache|proxy|https_proxy|noproxy))$/i;

/** What a package installer gets beside that: how to reach its registry. */
export function installEnvironment(of: EnvironmentParts): Record<string, string> {
  const base = baseEnvironment(of);
  for (const [name, value] of Object.entries(of.environment))
    if (value !== undefined && forInstall.test(name)) base[name] = value;
  return base;
}
