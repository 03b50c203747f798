'use strict';
// Bad input: a status the SDKs translate well, and nothing corrupted.
const assert = require('node:assert/strict');
const grpc = require('@grpc/grpc-js');
const { suite } = require('../lib/suite');
const { until } = require('../lib/signals');
const { open, Wire, pb, actions, message, text, time, words, code } = require('../lib/wire');
const { rejection } = require('../lib/case');

const { test } = suite('refusals');
const WIRE = { on: ['wire'] };
const S = pb.OrchestrationStatus;

const statusOf = promise => promise.then(() => code.OK, error => error.code);

/** A worker that ends everything it gets. */
function diligent(wire) {
  const worker = wire.worker();
  let open = true;
  (async () => {
    while (open) {
      const item = await worker.next('work', 3600).catch(() => undefined);
      if (!item) return;
      if (item.turn) await wire.completeTurn(item, [actions.complete(1, '"done"')]).catch(() => {});
      else await wire.completeActivity(item, '1').catch(() => {});
    }
  })();
  return () => { open = false; worker.drop(); };
}

/** Instances of one hub in the state named. */
async function inState(wire, status) {
  const id = await wire.start('o', { instanceId: `in-${status}` });
  const worker = wire.worker();
  const turn = await worker.next();
  if (status === S.ORCHESTRATION_STATUS_RUNNING) await wire.completeTurn(turn, []);
  if (status === S.ORCHESTRATION_STATUS_SUSPENDED) {
    await wire.completeTurn(turn, []);
    await wire.call('suspendInstance', message(pb.SuspendRequest, { instanceId: id }));
    await wire.completeTurn(await worker.next(), []);
  }
  if ([S.ORCHESTRATION_STATUS_COMPLETED, S.ORCHESTRATION_STATUS_FAILED, S.ORCHESTRATION_STATUS_TERMINATED].includes(status)) {
    await wire.completeTurn(turn, [actions.complete(1, '"old"', status)]);
  }
  await until(async () => (await wire.state(id)).getOrchestrationstatus() === status, `status ${status}`);
  worker.drop();
  return id;
}

const policy = (...statuses) => message(pb.OrchestrationIdReusePolicy, { replaceableStatus: statuses });
const reuse = [
  ['no policy, running', S.ORCHESTRATION_STATUS_RUNNING, undefined, code.ALREADY_EXISTS],
  ['no policy, suspended', S.ORCHESTRATION_STATUS_SUSPENDED, undefined, code.ALREADY_EXISTS],
  ['no policy, completed', S.ORCHESTRATION_STATUS_COMPLETED, undefined, code.OK],
  ['no policy, failed', S.ORCHESTRATION_STATUS_FAILED, undefined, code.OK],
  ['no policy, terminated', S.ORCHESTRATION_STATUS_TERMINATED, undefined, code.OK],
  ['a policy of failed, completed', S.ORCHESTRATION_STATUS_COMPLETED, policy(S.ORCHESTRATION_STATUS_FAILED), code.ALREADY_EXISTS],
  ['a policy of failed, failed', S.ORCHESTRATION_STATUS_FAILED, policy(S.ORCHESTRATION_STATUS_FAILED), code.OK],
  ['a policy of completed, completed', S.ORCHESTRATION_STATUS_COMPLETED, policy(S.ORCHESTRATION_STATUS_COMPLETED), code.OK],
  ['a policy of completed, running', S.ORCHESTRATION_STATUS_RUNNING, policy(S.ORCHESTRATION_STATUS_COMPLETED), code.ALREADY_EXISTS],
  ['a policy of running and terminated, running', S.ORCHESTRATION_STATUS_RUNNING,
    policy(S.ORCHESTRATION_STATUS_RUNNING, S.ORCHESTRATION_STATUS_TERMINATED), code.OK],
  ['a policy of suspended and terminated, suspended', S.ORCHESTRATION_STATUS_SUSPENDED,
    policy(S.ORCHESTRATION_STATUS_SUSPENDED, S.ORCHESTRATION_STATUS_TERMINATED), code.OK],
];
for (const [name, status, given, expected] of reuse) {
  test(`an id used again: ${name}`, WIRE, async t => {
    const wire = open(t);
    const instanceId = await inState(wire, status);
    const before = (await wire.history(instanceId))[1].getExecutionstarted().getOrchestrationinstance().getExecutionid().getValue();
    const answer = await statusOf(wire.start('o', { instanceId, ...(given ? { orchestrationIdReusePolicy: given } : {}) }));
    assert.equal(answer, expected);
    if (expected !== code.OK) {
      assert.equal((await wire.state(instanceId)).getOrchestrationstatus(), status);
      return;
    }
    const end = diligent(wire);
    await until(async () => {
      const started = (await wire.history(instanceId).catch(() => []))[1]?.getExecutionstarted();
      return started && started.getOrchestrationinstance().getExecutionid().getValue() !== before;
    }, 'a new execution');
    assert.equal((await wire.end(instanceId)).getOutput().getValue(), '"done"');
    end();
  });
}
test('a policy that would replace running ones and keep terminated ones is refused in words', WIRE, async t => {
  const wire = open(t);
  const error = await rejection(wire.start('o', { orchestrationIdReusePolicy: policy(S.ORCHESTRATION_STATUS_RUNNING) }));
  assert.equal(error.code, code.INVALID_ARGUMENT);
  assert.match(error.details, /Invalid reusable statuses: cannot exclude 'Terminated' while also allowing reuse of running instances/);
});

test('a start without a name, or with an id that cannot be', WIRE, async t => {
  const wire = open(t);
  assert.equal(await statusOf(wire.start('')), code.INVALID_ARGUMENT);
  assert.equal(await statusOf(wire.start('o', { instanceId: 'x'.repeat(5000) })), code.INVALID_ARGUMENT);
  const id = 'ünïcode/with spaces?&%#🙂';
  assert.equal(await wire.start('o', { instanceId: id }), id);
  assert.equal((await wire.state(id)).getInstanceid(), id);
});

test('a message above the bound is refused, and the endpoint lives', { ...WIRE, seconds: 60 }, async t => {
  const wire = open(t);
  // Field 2, a name of 80 MiB, made by hand: the generated classes take many times their size in memory.
  const large = Buffer.concat([Buffer.from([0x12, 0x80, 0x80, 0x80, 0x28]), Buffer.alloc(80 << 20, 'x')]);
  const answer = await new Promise(resolve => wire.stub.makeUnaryRequest('/TaskHubSidecarService/StartInstance',
    b => b, b => b, large, wire.metadata(), { deadline: Date.now() + 40000 }, error => resolve(error?.code ?? code.OK)));
  assert.ok([code.RESOURCE_EXHAUSTED, code.INVALID_ARGUMENT].includes(answer), `status ${answer}`);
  assert.ok(await wire.start('o'));
});

test('bytes that are no message are refused, and the endpoint lives', WIRE, async t => {
  const wire = open(t);
  const raw = (method, bytes) => new Promise(resolve => wire.stub.makeUnaryRequest(`/TaskHubSidecarService/${method}`,
    b => b, b => b, bytes, wire.metadata(), { deadline: Date.now() + 10000 }, error => resolve(error?.code ?? code.OK)));
  const nonsense = [Buffer.from([0xff, 0xff, 0xff, 0xff, 0x01]), Buffer.from('hello'), Buffer.from([0x0a, 0x7f])];
  for (const method of ['StartInstance', 'CompleteOrchestratorTask', 'CompleteActivityTask', 'RaiseEvent', 'QueryInstances', 'PurgeInstances']) {
    for (const bytes of nonsense) assert.notEqual(await raw(method, bytes), code.OK, `${method} of ${bytes.subarray(0, 8).toString('hex')}`);
  }
  assert.equal(await raw('NoSuchMethod', Buffer.alloc(0)), code.UNIMPLEMENTED);
  assert.ok(await wire.start('o'));
});

test('entities are refused as not implemented, in words', WIRE, async t => {
  const wire = open(t);
  for (const [method, request] of [
    ['signalEntity', message(pb.SignalEntityRequest, { instanceId: '@counter@a', name: 'add' })],
    ['getEntity', message(pb.GetEntityRequest, { instanceId: '@counter@a' })],
    ['queryEntities', new pb.QueryEntitiesRequest()],
    ['cleanEntityStorage', new pb.CleanEntityStorageRequest()],
  ]) {
    const error = await rejection(wire.call(method, request), method);
    assert.equal(error.code, code.UNIMPLEMENTED);
    assert.match(error.details, /entit/i);
  }
});

test('hello', WIRE, async t => { await open(t).call('hello'); });

test('tokens and pages that nobody gave are refused', WIRE, async t => {
  const wire = open(t);
  const query = message(pb.InstanceQuery, { continuationToken: text('made up'), maxInstanceCount: 10 });
  assert.ok([code.INVALID_ARGUMENT, code.OK].includes(await statusOf(wire.call('queryInstances', message(pb.QueryInstancesRequest, { query })))));
  const list = message(pb.ListInstanceIdsRequest, { lastInstanceKey: text('made up'), pageSize: -5 });
  assert.ok([code.INVALID_ARGUMENT, code.OK].includes(await statusOf(wire.call('listInstanceIds', list))));
  const batch = message(pb.PurgeInstancesRequest, { instanceBatch: message(pb.InstanceBatch, { instanceIds: Array.from({ length: 501 }, (_, i) => `x${i}`) }) });
  assert.equal(await statusOf(wire.call('purgeInstances', batch)), code.INVALID_ARGUMENT);
  assert.equal(await statusOf(wire.call('purgeInstances', new pb.PurgeInstancesRequest())), code.INVALID_ARGUMENT);
});

test('a batch is purged, with what ended only', WIRE, async t => {
  const wire = open(t);
  const done = await inState(wire, S.ORCHESTRATION_STATUS_COMPLETED);
  const failed = await inState(wire, S.ORCHESTRATION_STATUS_FAILED);
  const running = await inState(wire, S.ORCHESTRATION_STATUS_RUNNING);
  const answer = await wire.call('purgeInstances', message(pb.PurgeInstancesRequest,
    { instanceBatch: message(pb.InstanceBatch, { instanceIds: [done, failed, running, 'nobody'] }) }));
  assert.equal(answer.getDeletedinstancecount(), 2);
  assert.equal(await wire.state(done), undefined);
  assert.equal((await wire.state(running)).getOrchestrationstatus(), S.ORCHESTRATION_STATUS_RUNNING);
});

test('instances are ended without a worker, and those that cannot be are named', WIRE, async t => {
  const wire = open(t);
  const running = await inState(wire, S.ORCHESTRATION_STATUS_RUNNING);
  const done = await inState(wire, S.ORCHESTRATION_STATUS_COMPLETED);
  const answer = await wire.call('skipGracefulOrchestrationTerminations', message(pb.SkipGracefulOrchestrationTerminationsRequest,
    { instanceBatch: message(pb.InstanceBatch, { instanceIds: [running, done, 'nobody'] }), reason: text('now') }));
  assert.ok(answer.getUnterminatedinstanceidsList().includes('nobody'));
  assert.ok(!answer.getUnterminatedinstanceidsList().includes(running));
  assert.equal((await wire.end(running, 10)).getOrchestrationstatus(), S.ORCHESTRATION_STATUS_TERMINATED);
});

test('an instance nobody can run is terminated by the server', WIRE, async t => {
  const wire = open(t);
  const id = await wire.start('nobody has this');
  await wire.call('terminateInstance', message(pb.TerminateRequest, { instanceId: id, output: text('"bye"') }));
  const state = await wire.end(id, 20);
  assert.equal(state.getOrchestrationstatus(), S.ORCHESTRATION_STATUS_TERMINATED);
  assert.equal(state.getOutput().getValue(), '"bye"');
});

const nonsense = {
  'the same number twice': [actions.task(1, 'a'), actions.task(1, 'b')],
  'an activity without a name': [actions.task(1, '')],
  'a timer without a time': [message(pb.OrchestratorAction, { id: 1, createTimer: new pb.CreateTimerAction() })],
  'a timer at the end of time': [actions.timer(1, new Date(253402300799000))],
  'an event to nobody': [message(pb.OrchestratorAction, { id: 1, sendEvent: new pb.SendEventAction() })],
  'a child with the parent\'s own id': id => [actions.child(1, 'c', id)],
  'an end of no known status': [actions.complete(1, 'x', 99)],
  'an end that says pending': [actions.complete(1, 'x', S.ORCHESTRATION_STATUS_PENDING)],
  'two ends': [actions.complete(1, '"first"'), actions.complete(2, '"second"')],
  'a rewind nobody asked for': [message(pb.OrchestratorAction, { id: -1, rewindOrchestration: new pb.RewindOrchestrationAction() })],
  'a message to an entity': [message(pb.OrchestratorAction, { id: 1, sendEntityMessage: new pb.SendEntityMessageAction() })],
};
for (const [name, given] of Object.entries(nonsense)) {
  test(`a turn answered with ${name} harms nobody`, WIRE, async t => {
    const wire = open(t);
    const id = await wire.start('o');
    const worker = wire.worker();
    const turn = await worker.next();
    const answer = await statusOf(wire.completeTurn(turn, typeof given === 'function' ? given(id) : given));
    assert.ok(![code.INTERNAL, code.UNKNOWN, code.UNAVAILABLE, code.DEADLINE_EXCEEDED].includes(answer), `status ${answer}`);
    const other = await wire.start('p');
    let next = await worker.next('work for the others');
    while (next.turn?.getInstanceid() !== other) next = await worker.next('work for the others');
    await wire.completeTurn(next, [actions.complete(1, '1')]);
    assert.equal((await wire.end(other)).getOrchestrationstatus(), S.ORCHESTRATION_STATUS_COMPLETED);
    await wire.call('terminateInstance', message(pb.TerminateRequest, { instanceId: id }));
    const history = words(await wire.history(id));
    assert.equal(history.filter(w => w.startsWith('EXECUTIONCOMPLETED')).length <= 1, true, history.join(' '));
    assert.equal(new Set(history.filter(w => w.includes('#'))).size, history.filter(w => w.includes('#')).length, history.join(' '));
  });
}

test('a start far outside of time', WIRE, async t => {
  const wire = open(t);
  const answer = await statusOf(wire.start('o', { scheduledStartTimestamp: time(new Date(253402300799000)) }));
  assert.ok([code.OK, code.INVALID_ARGUMENT].includes(answer));
  assert.ok(await wire.start('o', { scheduledStartTimestamp: time(new Date(-62135596800000)) }));
});

test('waits of callers that go away cost nothing', WIRE, async t => {
  const wire = open(t);
  const id = await wire.start('o');
  const waits = Array.from({ length: 50 }, () => rejection(wire.end(id, 0.3)));
  for (const error of await Promise.all(waits)) assert.equal(error.code, code.DEADLINE_EXCEEDED);
  const end = diligent(wire);
  assert.equal((await wire.end(id)).getOutput().getValue(), '"done"');
  end();
});

test('a hub with a name that cannot be is refused', WIRE, async t => {
  for (const hub of ['../../etc', 'a/b', 'x'.repeat(300), '..']) {
    const wire = new Wire(t.address, hub);
    t.closing.push(() => wire.close());
    assert.equal(await statusOf(wire.start('o')), grpc.status.INVALID_ARGUMENT, hub);
  }
});
