// Reads everything and never answers.
process.stderr.write('silent: waiting for a database that is not there\n');
process.stdin.resume();
