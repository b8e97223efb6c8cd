// Loaded before a program (`--import`): at its end it writes into the file LOADED which files were loaded, and as what.
import { writeFileSync } from 'node:fs';
import { registerHooks } from 'node:module';

const loaded = new Set<string>();
registerHooks({
  load(url, context, next) {
    loaded.add(`${url} as ${context.format}`);
    return next(url, context);
  },
});
process.on('exit', () => writeFileSync(process.env['LOADED'] ?? '', [...loaded].toSorted().join('\n')));
