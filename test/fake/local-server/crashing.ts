// Says why and exits at once: `crashing.ts CODE`. What it says holds the secret of its environment, as real servers' errors do.
process.stderr.write(`fatal: login as ${process.env['CRASHING_KEY'] ?? 'nobody'} failed\n`);
process.stderr.write('Authorization: Bearer abcdefghijklmnop1234\n');
process.exitCode = Number(process.argv[2] ?? 3);
