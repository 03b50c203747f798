'use strict';
// A worker and a client in one process, on the official SDK. Address: the argument, else 127.0.0.1:4001.
// Kill this process or the server while it runs and start it again with the same id: it goes on where it was.

const { TaskHubGrpcClient, TaskHubGrpcWorker, NoOpLogger } = require('@microsoft/durabletask-js');

const hostAddress = process.argv[2] ?? '127.0.0.1:4001';
const id = process.argv[3] ?? `order-${Date.now()}`;

const reserve = async (_, item) => `${item} reserved`;
const ship = async (_, items) => `${items.length} parcels on their way`;

async function* order(ctx, items) {
  const reserved = [];
  for (const item of items) {
    reserved.push(yield ctx.callActivity(reserve, item));
    ctx.setCustomStatus(`${reserved.length} of ${items.length}`);
  }
  yield ctx.createTimer(1);
  const approval = yield ctx.waitForExternalEvent('approval');
  return approval ? yield ctx.callActivity(ship, reserved) : 'not approved';
}

async function main() {
  const logger = new NoOpLogger();
  const worker = new TaskHubGrpcWorker({ hostAddress, logger });
  worker.addOrchestrator(order);
  worker.addActivity(reserve);
  worker.addActivity(ship);
  await worker.start();

  const client = new TaskHubGrpcClient({ hostAddress, logger });
  if (!await client.getOrchestrationState(id, false)) {
    await client.scheduleNewOrchestration(order, ['book', 'lamp', 'chair'], id);
    console.log(`started ${id}`);
  }
  await client.raiseOrchestrationEvent(id, 'approval', true);
  const state = await client.waitForOrchestrationCompletion(id, true, 60);
  console.log(`${id}: ${state.serializedOutput}`);
  await worker.stop();
  await client.stop();
}

main().then(() => process.exit(0), error => { console.error(error); process.exit(1); });
