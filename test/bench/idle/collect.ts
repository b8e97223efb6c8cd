// Loaded before the gateway server (`node --import`): SIGUSR2 collects the garbage, so that memory that is held can be told from memory that was not given back yet.
process.on('SIGUSR2', () => globalThis.gc?.());
