'use strict';
// What the endpoint costs a worker: one orchestration of 300 activities in sequence, and where its time goes.
// usage: node figures.js --serve JSON      (as run.js takes it); prints one JSON line

const { startServer } = require('./lib/server');
const { msClient, msWorker } = require('./lib/environments');

const ACTIVITIES = 300;
const ROUNDS = 5;

async function main() {
  for (const word of ['log', 'info', 'debug', 'warn']) console[word] = () => {};
  const serve = JSON.parse(process.argv[process.argv.indexOf('--serve') + 1]);
  const server = await startServer(serve);
  const own = { value: 0 };
  const worker = msWorker(server.address, undefined, {
    orchestrators: { sequence: async function* (ctx, n) { for (let i = 0; i < n; i++) yield ctx.callActivity('nothing', i); } },
    activities: { nothing: (_, i) => i },
  });
  // From a work item's arrival to the moment its answer is sent: decoding is before it, and counted as ours.
  const answer = name => {
    const inner = worker[name].bind(worker);
    return async (request, token, stub) => {
      let sent;
      const begun = performance.now();
      const method = name.includes('Orchestrator') ? 'completeOrchestratorTask' : 'completeActivityTask';
      const watched = new Proxy(stub, {
        get: (target, key) => key !== method ? target[key] : (...given) => { sent ??= performance.now(); return target[method](...given); },
      });
      try { return await inner(request, token, watched); } finally { own.value += (sent ?? performance.now()) - begun; }
    };
  };
  worker._executeOrchestratorInternal = answer('_executeOrchestratorInternal');
  worker._executeActivityInternal = answer('_executeActivityInternal');
  await worker.start();
  const client = msClient(server.address);
  const rounds = [];
  for (let round = 0; round <= ROUNDS; round++) {
    own.value = 0;
    const begun = performance.now();
    const id = await client.scheduleNewOrchestration('sequence', ACTIVITIES);
    const state = await client.waitForOrchestrationCompletion(id, false, 120);
    if (state.runtimeStatus !== 1) throw new Error(`the orchestration ended with status ${state.runtimeStatus}`);
    const all = performance.now() - begun;
    if (round > 0) rounds.push({ all: all / ACTIVITIES, worker: own.value / ACTIVITIES, ours: (all - own.value) / ACTIVITIES });
  }
  const median = key => [...rounds].sort((a, b) => a[key] - b[key])[Math.floor(rounds.length / 2)][key].toFixed(2);
  process.stdout.write(`${JSON.stringify({
    activities: ACTIVITIES, rounds: ROUNDS, millisecondsPerActivity: median('all'), inTheWorkersCode: median('worker'),
    endpointAndTransport: median('ours'),
  })}\n`);
  await server.stop();
}

main().then(() => process.exit(0), error => { process.stderr.write(`${error.stack}\n`); process.exit(1); });
