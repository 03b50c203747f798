'use strict';
// The endpoint dies, or is stopped, and comes back on its directory; clients and workers stay.
const assert = require('node:assert/strict');
const net = require('node:net');
const { suite } = require('../lib/suite');
const { count, counted, gate, until, within } = require('../lib/signals');
const { startServer } = require('../lib/server');
const { msClient, msWorker } = require('../lib/environments');
const { Wire, actions, words } = require('../lib/wire');

const { test } = suite('restarts');
const MS = { on: ['ms'], seconds: 90 };

async function own(t) {
  const server = await startServer(t.serve);
  t.closing.push(async () => { await server.latest.stop(); });
  server.latest = server;
  return server;
}
async function killAndStart(server) {
  await server.latest.kill();
  server.latest = await server.again();
}
const patiently = async (call, what) => {
  let last;
  return until(() => call().then(x => x ?? true, error => { last = error; return false; }), what, 40)
    .catch(error => { throw new Error(`${error.message}: ${last?.message}`); });
};

test('killed in the middle of a sequence with timers: it ends as if nothing had been', MS, async t => {
  const server = await own(t);
  const key = t.id('kill');
  const client = msClient(server.address);
  const worker = msWorker(server.address, undefined, {
    orchestrators: {
      long: async function* (ctx, n) {
        const seen = [];
        for (let i = 0; i < n; i++) {
          seen.push(yield ctx.callActivity('step', i));
          if (i % 10 === 5) yield ctx.createTimer(0.05);
        }
        return seen;
      },
    },
    activities: { step: (_, i) => { count(`${key} ${i}`); if (i === 12 || i === 25) gate(`${key} ${i}`).open(); return i; } },
  });
  t.workers.push(worker);
  await worker.start();
  const id = await client.scheduleNewOrchestration('long', 40);
  for (const at of [12, 25]) {
    await within(gate(`${key} ${at}`).promise, `step ${at}`, 30);
    await killAndStart(server);
  }
  const state = await patiently(() => client.waitForOrchestrationCompletion(id, true, 30).then(s => s?.runtimeStatus === 1 && s), 'the end');
  assert.deepEqual(JSON.parse(state.serializedOutput), Array.from({ length: 40 }, (_, i) => i));
  const history = await client.getOrchestrationHistory(id);
  const scheduled = history.filter(e => e.type === 'TaskScheduled').map(e => e.eventId);
  const completed = history.filter(e => e.type === 'TaskCompleted').map(e => e.taskScheduledId);
  assert.equal(scheduled.length, 40);
  assert.deepEqual(completed, scheduled, 'one outcome for each, in order');
  const doubled = Array.from({ length: 40 }, (_, i) => counted(`${key} ${i}`)).filter(n => n > 1).length;
  assert.ok(doubled <= 2, `${doubled} steps were done more than once, for two kills`);
});

test('killed while events, children and timers wait', MS, async t => {
  const server = await own(t);
  const client = msClient(server.address);
  const worker = msWorker(server.address, undefined, {
    orchestrators: {
      parent: async function* (ctx, id) {
        const child = ctx.callSubOrchestrator('waiter', 1, { instanceId: id });
        yield ctx.createTimer(1.5);
        const first = yield ctx.waitForExternalEvent('a');
        return [first, yield child];
      },
      waiter: async function* (ctx) { return yield ctx.waitForExternalEvent('b'); },
    },
  });
  t.workers.push(worker);
  await worker.start();
  const childId = t.id('child');
  const id = await client.scheduleNewOrchestration('parent', childId);
  await client.raiseOrchestrationEvent(id, 'a', 'before the kill');
  await until(async () => (await client.getOrchestrationState(childId))?.runtimeStatus === 0, 'the child');
  await killAndStart(server);
  await patiently(() => client.raiseOrchestrationEvent(childId, 'b', 'after the kill'), 'the endpoint');
  const state = await patiently(() => client.waitForOrchestrationCompletion(id, true, 30).then(s => s?.runtimeStatus === 1 && s), 'the end');
  assert.deepEqual(JSON.parse(state.serializedOutput), ['before the kill', 'after the kill']);
});

test('killed right after each answer: what was answered is there', MS, async t => {
  const server = await own(t);
  const wire = () => new Wire(server.address);
  let open = wire();
  const ids = [];
  for (let i = 0; i < 3; i++) {
    ids.push(await open.start('o', { instanceId: `kept-${i}`, input: `"${i}"` }));
    await open.raise(ids[i], 'e', `"${i}"`);
    await killAndStart(server);
    open.close();
    open = wire();
  }
  const worker = open.worker();
  for (let i = 0; i < 3; i++) {
    const item = await worker.next('a turn', 20);
    const events = item.turn.getNeweventsList();
    assert.deepEqual(words(events), ['ORCHESTRATORSTARTED', 'EXECUTIONSTARTED', 'EVENTRAISED']);
    await open.completeTurn(item, [actions.complete(1, events[2].getEventraised().getInput().getValue())]);
  }
  for (const [i, id] of ids.entries()) assert.equal((await open.end(id)).getOutput().getValue(), `"${i}"`);
  open.close();
});

test('stopped in order: a worker with an item in hand answers after the restart', MS, async t => {
  const server = await own(t);
  const client = msClient(server.address);
  const key = t.id('stop');
  const worker = msWorker(server.address, undefined, {
    orchestrators: { one: async function* (ctx) { return yield ctx.callActivity('held'); } },
    activities: { held: async () => { count(key); gate(`${key} reached`).open(); await gate(key).promise; return counted(key); } },
  });
  t.workers.push(worker);
  await worker.start();
  const id = await client.scheduleNewOrchestration('one');
  await within(gate(`${key} reached`).promise, 'the activity');
  server.latest.child.kill('SIGTERM');
  await within(server.latest.ended, 'the endpoint to stop', 20);
  server.latest = await server.again();
  gate(key).open();
  const state = await patiently(() => client.waitForOrchestrationCompletion(id, true, 30).then(s => s?.runtimeStatus === 1 && s), 'the end');
  assert.ok(Number(state.serializedOutput) >= 1);
});

/** A line between worker and endpoint that can be cut. */
async function line(port) {
  const sockets = new Set();
  const server = net.createServer(socket => {
    const onward = net.connect(port, '127.0.0.1');
    for (const s of [socket, onward]) { sockets.add(s); s.on('close', () => sockets.delete(s)); s.on('error', () => {}); }
    socket.on('close', () => onward.destroy());
    onward.on('close', () => socket.destroy());
    socket.pipe(onward).pipe(socket);
  });
  await new Promise(resolve => server.listen(0, '127.0.0.1', resolve));
  return {
    address: `127.0.0.1:${server.address().port}`,
    cut: () => { for (const s of sockets) s.destroy(); },
    close: () => { for (const s of sockets) s.destroy(); server.close(); },
  };
}
test('a worker whose connection is cut comes back and goes on', MS, async t => {
  const hub = t.id('hub');
  const wire = await line(Number(t.address.split(':').at(-1)));
  t.closing.push(wire.close);
  const client = t.hubClient(hub);
  const worker = msWorker(wire.address, hub, {
    orchestrators: { asks: async function* (ctx) { const got = []; for (let i = 0; i < 3; i++) got.push(yield ctx.waitForExternalEvent('e')); return got; } },
  });
  t.workers.push(worker);
  await worker.start();
  const id = await client.scheduleNewOrchestration('asks');
  await client.waitForOrchestrationStart(id, false, 20);
  for (const n of [1, 2, 3]) {
    wire.cut();
    await client.raiseOrchestrationEvent(id, 'e', n);
  }
  assert.equal((await client.waitForOrchestrationCompletion(id, true, 60)).serializedOutput, '[1,2,3]');
});
