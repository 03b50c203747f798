'use strict';
// Edges of the lifecycle that no SDK's own worker comes to, or hides.
const assert = require('node:assert/strict');
const { suite } = require('../lib/suite');
const { until } = require('../lib/signals');
const { open, pb, action, actions, message, text, words } = require('../lib/wire');

const { test } = suite('edges');
const WIRE = { on: ['wire'] };
const CONTINUED = pb.OrchestrationStatus.ORCHESTRATION_STATUS_CONTINUED_AS_NEW;
const TERMINATED = pb.OrchestrationStatus.ORCHESTRATION_STATUS_TERMINATED;

const only = version => {
  const filter = message(pb.OrchestrationFilter, { name: 'o' });
  filter.setVersionsList([version]);
  const filters = new pb.WorkItemFilters();
  filters.setOrchestrationsList([filter]);
  return { workItemFilters: filters };
};

const continues = (id, fields) => action(id, 'completeOrchestration', message(pb.CompleteOrchestrationAction, { orchestrationStatus: CONTINUED, ...fields }));

test('a new generation of another version goes to the worker of that version', WIRE, async t => {
  const wire = open(t);
  const older = wire.worker(only('1'));
  const newer = wire.worker(only('2'));
  const id = await wire.start('o', { version: text('1'), input: '1' });
  await wire.completeTurn(await older.next(), [continues(1, { result: text('2'), newVersion: text('2') })]);
  const next = await newer.next('the turn of the next generation');
  const started = next.turn.getNeweventsList().find(e => e.hasExecutionstarted()).getExecutionstarted();
  assert.deepEqual([started.getVersion().getValue(), started.getInput().getValue()], ['2', '2']);
  assert.equal((await wire.state(id)).getVersion().getValue(), '2');
  await wire.completeTurn(next, [actions.complete(1, '"done"')]);
  assert.equal((await wire.end(id)).getOutput().getValue(), '"done"');
  assert.equal(older.items.length, 0);
});

test('what is asked for beside a new generation does not begin, and what is sent goes out', WIRE, async t => {
  const wire = open(t);
  const worker = wire.worker();
  const other = await wire.start('waits');
  await wire.completeTurn(await worker.next(), []);
  await wire.start('o');
  const sent = action(4, 'sendEvent', message(pb.SendEventAction,
    { instance: message(pb.OrchestrationInstance, { instanceId: other }), name: 'hello', data: text('1') }));
  await wire.completeTurn(await worker.next(),
    [actions.task(1, 'never'), actions.timer(2, new Date(Date.now() - 1000)), actions.child(3, 'neither', t.id('child')), sent, continues(5, {})]);
  const got = [await worker.next(), await worker.next()];
  const kinds = got.map(i => words(i.turn.getNeweventsList()).join(' ')).sort();
  assert.deepEqual(kinds, ['ORCHESTRATORSTARTED EVENTRAISED', 'ORCHESTRATORSTARTED EXECUTIONSTARTED']);
  for (const item of got) await wire.completeTurn(item, [actions.complete(9)]);
  await wire.end(other);
  assert.equal(worker.items.length, 0, 'no activity, no timer and no child came of it');
});

test('an event raised right after a restart is not lost', WIRE, async t => {
  const wire = open(t);
  const worker = wire.worker();
  const id = await wire.start('o');
  await wire.completeTurn(await worker.next(), [actions.complete(1)]);
  await wire.end(id);
  await wire.call('restartInstance', message(pb.RestartInstanceRequest, { instanceId: id }));
  await wire.call('raiseEvent', message(pb.RaiseEventRequest, { instanceId: id, name: 'now', input: text('1') }));
  const seen = [];
  while (!seen.includes('EVENTRAISED')) {
    const item = await worker.next('the event');
    seen.push(...words(item.turn.getNeweventsList()));
    await wire.completeTurn(item, []);
  }
  assert.deepEqual(seen.filter(w => w !== 'ORCHESTRATORSTARTED'), ['EXECUTIONSTARTED', 'EVENTRAISED']);
});

test('the time of the last change moves with each commit, the time of creation does not', WIRE, async t => {
  const wire = open(t);
  const worker = wire.worker();
  const id = await wire.start('o');
  const times = [];
  const look = async () => {
    const state = await wire.state(id);
    times.push([state.getCreatedtimestamp().toDate().getTime(), state.getLastupdatedtimestamp().toDate().getTime()]);
  };
  for (let n = 0; n < 3; n++) {
    await wire.completeTurn(await worker.next(), [], { customStatus: text(`${n}`) });
    await look();
    await until(() => Date.now() > times.at(-1)[1] + 5, 'the clock to move');
    await wire.call('raiseEvent', message(pb.RaiseEventRequest, { instanceId: id, name: 'e' }));
  }
  assert.equal(new Set(times.map(([created]) => created)).size, 1);
  assert.ok(times[0][1] < times[1][1] && times[1][1] < times[2][1], JSON.stringify(times));
});

test('a result above the bound fails the activity by name, and the orchestration goes on', { ...WIRE, seconds: 60 }, async t => {
  const wire = open(t);
  const worker = wire.worker();
  const id = await wire.start('o');
  await wire.completeTurn(await worker.next(), [actions.task(1, 'large')]);
  const task = await worker.next();
  // ActivityResponse by hand, with a result of 40 MiB: the generated classes take many times its size in memory.
  const field = (number, bytes) => Buffer.concat([Buffer.from([(number << 3) | 2]), varint(bytes.length), bytes]);
  const result = Buffer.alloc(40 << 20, 'x');
  await wire.raw('CompleteActivityTask', Buffer.concat([
    field(1, Buffer.from(id)), Buffer.from([0x10, 1]), field(3, field(1, result)), field(5, Buffer.from(task.token)),
  ]), 40);
  const turn = await worker.next('the failure');
  const failed = turn.turn.getNeweventsList().find(e => e.hasTaskfailed()).getTaskfailed().getFailuredetails();
  assert.equal(failed.getErrortype(), 'PayloadTooLarge');
  assert.match(failed.getErrormessage(), /larger than/);
  await wire.completeTurn(turn, [actions.complete(2, '"on"')]);
  assert.equal((await wire.end(id)).getOutput().getValue(), '"on"');
});

test('terminated with everything below it while it is suspended', WIRE, async t => {
  const wire = open(t);
  const worker = wire.worker();
  const [parent, child] = [await wire.start('o'), t.id('child')];
  await wire.completeTurn(await worker.next(), [actions.child(1, 'below', child)]);
  await wire.completeTurn(await worker.next(), []);
  await wire.call('suspendInstance', message(pb.SuspendRequest, { instanceId: parent }));
  await wire.completeTurn(await worker.next(), []);
  await wire.call('terminateInstance', message(pb.TerminateRequest, { instanceId: parent, output: text('0'), recursive: true }));
  for (const id of [parent, child]) {
    const end = await wire.end(id);
    assert.deepEqual([end.getOrchestrationstatus(), end.getOutput().getValue()], [TERMINATED, '0']);
  }
});

/** An unsigned number as protobuf writes it. */
function varint(value) {
  const bytes = [];
  for (; value > 127; value = Math.floor(value / 128)) bytes.push((value % 128) | 128);
  return Buffer.from([...bytes, value]);
}
