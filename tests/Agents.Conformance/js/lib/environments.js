'use strict';
// The same small surface over the two gRPC SDKs and over the in-memory backend of the first.

const grpc = require('@grpc/grpc-js');
const ms = require('@microsoft/durabletask-js');
const { orchestrators, activities } = require('./suite');

const quiet = new ms.NoOpLogger();

function hubMetadata(hub) {
  return async () => {
    const metadata = new grpc.Metadata();
    if (hub) metadata.set('taskhub', hub);
    return metadata;
  };
}

const msClient = (address, hub, more) =>
  new ms.TaskHubGrpcClient({ hostAddress: address, logger: quiet, metadataGenerator: hubMetadata(hub), ...more });

function msWorker(address, hub, functions, more) {
  const worker = new ms.TaskHubGrpcWorker({
    hostAddress: address, logger: quiet, metadataGenerator: hubMetadata(hub), shutdownTimeoutMs: 1000, ...more,
  });
  return register(worker, functions);
}

function register(worker, functions) {
  for (const [name, fn] of entries(functions.orchestrators)) worker.addNamedOrchestrator(name, fn);
  for (const [name, fn] of entries(functions.activities)) worker.addNamedActivity(name, fn);
  return worker;
}

const entries = functions => functions instanceof Map ? functions.entries() : Object.entries(functions ?? {});

const everything = { orchestrators, activities };

/** Opens an environment: a client, a started worker with every declared function, and a reader of histories. */
async function open(sdk, address) {
  // Its worker runs one activity at a time, so that one case would hold up the others: each gets a backend of its own.
  if (sdk === 'memory') return { sdk, forCase: openMemory, secondsMax: 12 };
  if (sdk === 'wire') return { sdk };

  let client;
  let worker;
  let reader;
  if (sdk === 'ms') {
    client = reader = msClient(address);
    worker = msWorker(address, undefined, everything);
  } else {
    const dapr = require('@dapr/durabletask-js');
    reader = require('./reader-thread')(address);
    client = new dapr.TaskHubGrpcClient(address);
    worker = register(new dapr.TaskHubGrpcWorker(address), everything);
  }
  await worker.start();
  return { sdk, client, worker, reader, start: starter(client, sdk) };
}

async function openMemory() {
  const backend = new ms.InMemoryOrchestrationBackend();
  const worker = register(new ms.TestOrchestrationWorker(backend), everything);
  const client = new ms.TestOrchestrationClient(backend);
  client.rewindInstance = (id, reason) => client.rewindOrchestration(id, reason);
  await worker.start();
  const abandon = () => { worker.stop().catch(() => {}); backend.reset(); };
  return { sdk: 'memory', client, worker, reader: undefined, abandon, start: starter(client, 'memory') };
}

/** The three clients take id and start time in different ways. */
function starter(client, sdk) {
  return (name, input, options = {}) => sdk === 'ms'
    ? client.scheduleNewOrchestration(name, input, options)
    : client.scheduleNewOrchestration(name, input, options.instanceId, options.startAt);
}

module.exports = { open, msClient, msWorker, hubMetadata, quiet };
