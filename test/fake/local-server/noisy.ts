// Prints banners and log lines to stdout, where only messages belong, before and between its answers.
import { serveTools } from './stdio.ts';

process.stdout.write('Welcome to the noisy server!\r\n\n  loading plugins: 3 of 3\n');
serveTools('noisy', {
  speak: () => {
    process.stdout.write(`debug: token=${process.env['NOISY_TOKEN'] ?? ''} in use\n`);
    return 'spoken';
  },
});
