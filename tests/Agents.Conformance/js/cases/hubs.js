'use strict';
// Task hubs: the same service under several names, each with instances and workers of its own.
const assert = require('node:assert/strict');
const { suite } = require('../lib/suite');
const { until, within } = require('../lib/signals');
const { startServer } = require('../lib/server');
const { Wire, pb, actions, message, text, code } = require('../lib/wire');
const { rejection } = require('../lib/case');

const { test } = suite('hubs');
const WIRE = { on: ['wire'], seconds: 90 };

function open(t, hub, address = t.address) {
  const wire = new Wire(address, hub);
  t.closing.push(() => wire.close());
  return wire;
}
const named = state => state && state.getName();
const query = async wire => (await wire.call('queryInstances', message(pb.QueryInstancesRequest, { query: message(pb.InstanceQuery, {}) })))
  .getOrchestrationstateList().map(s => s.getInstanceid());

test('the same id in two hubs is two instances, for every call', WIRE, async t => {
  const [a, b] = [open(t, t.id('a')), open(t, t.id('b'))];
  const [forA, forB] = [a.worker(), b.worker()];
  await a.start('first', { instanceId: 'same', input: '"for a"' });
  await b.start('second', { instanceId: 'same', input: '"for b"' });
  assert.deepEqual([named(await a.state('same')), named(await b.state('same'))], ['first', 'second']);
  const [turnA, turnB] = [await forA.next(), await forB.next()];
  assert.deepEqual([turnA, turnB].map(i => i.turn.getNeweventsList()[1].getExecutionstarted().getInput().getValue()), ['"for a"', '"for b"']);

  await a.raise('same', 'e', '1');
  await a.call('suspendInstance', message(pb.SuspendRequest, { instanceId: 'same' }));
  await a.call('terminateInstance', message(pb.TerminateRequest, { instanceId: 'same', output: text('"ended"') }));
  assert.equal((await a.end('same')).getOrchestrationstatus(), pb.OrchestrationStatus.ORCHESTRATION_STATUS_TERMINATED);
  await b.completeTurn(turnB, [actions.task(1, 'act')]);
  const act = await forB.next('the activity of b');
  assert.equal(forA.items.filter(i => i.activity).length, 0);
  await b.completeActivity(act, '7');
  const last = await forB.next();
  assert.deepEqual(last.turn.getNeweventsList().filter(e => e.hasEventraised()).length, 0, 'the event was for the other');
  await b.completeTurn(last, [actions.complete(2, '"done"')]);
  assert.equal((await b.end('same')).getOutput().getValue(), '"done"');

  assert.deepEqual([await query(a), await query(b)], [['same'], ['same']]);
  const purge = wire => wire.call('purgeInstances', message(pb.PurgeInstancesRequest, { instanceId: 'same' }));
  assert.equal((await purge(a)).getDeletedinstancecount(), 1);
  assert.deepEqual([await query(a), await query(b)], [[], ['same']]);
  assert.equal((await purge(a)).getDeletedinstancecount(), 0);
  assert.equal((await rejection(a.history('same'))).code, code.NOT_FOUND);
  assert.ok((await b.history('same')).length > 0);
  await b.call('restartInstance', message(pb.RestartInstanceRequest, { instanceId: 'same' }));
  assert.equal((await rejection(a.call('restartInstance', message(pb.RestartInstanceRequest, { instanceId: 'same' })))).code, code.NOT_FOUND);
});

test('names differ not by case', WIRE, async t => {
  const hub = t.id('mixed_Case');
  const id = await open(t, hub).start('o');
  assert.equal(named(await open(t, hub.toUpperCase()).state(id)), 'o');
  assert.equal(named(await open(t, hub.toLowerCase()).state(id)), 'o');
});

test('names that look alike are different hubs', WIRE, async t => {
  const word = t.id('x').replaceAll('-', '');
  const long = `${word}${'y'.repeat(64 - word.length)}`;
  const names = [`${word}-b`, `${word}_b`, `${word}_mb`, `${word}__b`, `${word}mb`, long, long.slice(0, 63), `${long.slice(0, 63)}z`, `${word}${'_'.repeat(64 - word.length)}`];
  for (const name of names) await open(t, name).start('o', { instanceId: `in-${name}` });
  for (const name of names) assert.deepEqual(await query(open(t, name)), [`in-${name}`]);
  for (const name of names) await open(t, name).call('deleteTaskHub', new pb.DeleteTaskHubRequest());
});

test('a deleted hub is gone, its worker is sent away in order, and made anew it is empty', WIRE, async t => {
  const hub = t.id('gone');
  const wire = open(t, hub);
  const worker = wire.worker();
  await wire.start('o', { instanceId: 'i' });
  const turn = await worker.next();
  await wire.call('deleteTaskHub', new pb.DeleteTaskHubRequest());
  await within(worker.ended, 'the stream to end');
  assert.equal(worker.error, undefined);
  await wire.completeTurn(turn, [actions.complete(1)]); // late: it changes nothing, and nothing breaks
  assert.equal(await wire.state('i'), undefined);
  await wire.start('o', { instanceId: 'i' });
  assert.ok(await wire.worker().next());
  await wire.call('createTaskHub', message(pb.CreateTaskHubRequest, { recreateIfExists: false }));
  assert.ok(await wire.state('i'), 'it was there already');
  await wire.call('createTaskHub', message(pb.CreateTaskHubRequest, { recreateIfExists: true }));
  assert.equal(await wire.state('i'), undefined, 'it was made anew');
});

test('the main hub is not emptied or deleted', WIRE, async t => {
  const wire = open(t, undefined);
  assert.equal((await rejection(wire.call('deleteTaskHub', new pb.DeleteTaskHubRequest()))).code, code.FAILED_PRECONDITION);
  const anew = message(pb.CreateTaskHubRequest, { recreateIfExists: true });
  assert.equal((await rejection(wire.call('createTaskHub', anew))).code, code.FAILED_PRECONDITION);
  await wire.call('createTaskHub', new pb.CreateTaskHubRequest());
});

test('a query for other hubs by name finds nothing', WIRE, async t => {
  const hub = t.id('asked');
  const wire = open(t, hub);
  await wire.start('o', { instanceId: 'i' });
  const asks = (...names) => wire.call('queryInstances', message(pb.QueryInstancesRequest, {
    query: message(pb.InstanceQuery, { taskHubNames: names.map(text) }),
  })).then(answer => answer.getOrchestrationstateList().length);
  assert.equal(await asks('another'), 0);
  assert.equal(await asks('another', hub), 1);
  assert.equal(await asks(hub.toUpperCase()), 1);
});

test('a hub is as it was after the endpoint was killed', WIRE, async t => {
  let server = await startServer(t.serve);
  t.closing.push(() => server.stop());
  const hub = t.id('kept');
  const before = open(t, hub, server.address);
  const worker = before.worker();
  const id = await before.start('o', { input: '1' });
  await before.completeTurn(await worker.next(), [actions.task(1, 'act'), actions.timer(2, new Date(Date.now() + 3600e3))]);
  await server.kill();
  server = await server.again();
  const after = open(t, hub, server.address);
  const item = await after.worker().next('the activity', 40);
  assert.equal(item.activity.getName(), 'act');
  assert.equal((await after.state(id)).getOrchestrationstatus(), pb.OrchestrationStatus.ORCHESTRATION_STATUS_RUNNING);
});

test('more hubs than are held open: unused ones give way and come back, one with a worker stays', WIRE, async t => {
  const server = await startServer(t.serve);
  t.closing.push(() => server.stop());
  const used = open(t, t.id('used'), server.address);
  const worker = used.worker();
  const hubs = Array.from({ length: 65 }, (_, i) => open(t, t.id(`h${i}`), server.address));
  for (const hub of hubs) await hub.start('o', { instanceId: `in-${hub.hub}` });
  for (const hub of [hubs[0], hubs[64]]) assert.equal(named(await hub.state(`in-${hub.hub}`)), 'o');
  await used.start('late', { instanceId: 'i' });
  await used.completeTurn(await worker.next(), [actions.complete(1, '"still here"')]);
  assert.equal((await used.end('i')).getOutput().getValue(), '"still here"');
  // The schemas and folders are the store's: nobody else needs them.
  for (const hub of [used, ...hubs]) await hub.call('deleteTaskHub', new pb.DeleteTaskHubRequest());
});

test('two endpoints on one store share a hub, and what one deletes the other forgets', { ...WIRE, seconds: 150, store: 'postgres' }, async t => {
  const first = await startServer(t.serve);
  const second = await startServer(t.serve.map(part => part.replace('c{port}', `c${first.port}`)));
  t.closing.push(() => first.stop(), () => second.stop());
  const hub = t.id('shared');
  const [a, b] = [open(t, hub, first.address), open(t, hub, second.address)];
  const [forA, forB] = [a.worker(), b.worker()];
  const ids = await Promise.all(Array.from({ length: 10 }, (_, i) => (i % 2 ? a : b).start('o', { instanceId: `i${i}` })));
  let done = 0;
  for (const [wire, worker] of [[a, forA], [b, forB]]) {
    (async () => {
      while (done < ids.length) {
        const item = await worker.next('a turn', 60).catch(() => undefined);
        if (!item) return;
        await wire.completeTurn(item, [actions.complete(1, '"x"')]);
      }
    })();
  }
  for (const id of ids) { await a.end(id, 60); done++; }
  assert.deepEqual((await query(b)).sort(), ids.sort());

  // One endpoint dies; what it had goes on at the other.
  const held = b.worker();
  forA.drop(); forB.drop(); held.drop();
  const orphan = await a.start('o', { instanceId: 'orphan' });
  const heir = b.worker();
  await first.kill();
  const turn = await heir.next('the turn of the one that died', 60);
  assert.equal(turn.turn.getInstanceid(), orphan);
  await b.completeTurn(turn, [actions.complete(1, '"y"')]);
  assert.equal((await b.end(orphan)).getOutput().getValue(), '"y"');

  const third = await first.again();
  t.closing.push(() => third.stop());
  const c = open(t, hub, third.address);
  assert.ok(await c.state(orphan));
  await b.call('deleteTaskHub', new pb.DeleteTaskHubRequest());
  await until(async () => await c.state(orphan).then(state => state === undefined, () => false), 'the other endpoint to forget it', 60);
});
