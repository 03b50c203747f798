'use strict';
// Calls that only Dapr's clients and workers make, in their own names, and the reuse policies of older clients.
const assert = require('node:assert/strict');
const { suite } = require('../lib/suite');
const { open, pb, actions, message, words, code } = require('../lib/wire');
const { rejection } = require('../lib/case');

const { test } = suite('dapr calls');
const WIRE = { on: ['wire'] };
const S = pb.OrchestrationStatus;

const historyOf = async (wire, instanceId) =>
  pb.HistoryChunk.deserializeBinary(await wire.raw('GetInstanceHistory', message(pb.SuspendRequest, { instanceId }).serializeBinary())).getEventsList();

test('a history in one message is the one that is streamed', WIRE, async t => {
  const wire = open(t);
  const worker = wire.worker();
  const id = await wire.start('o', { input: '{"a":1}' });
  await wire.completeTurn(await worker.next(), [actions.task(1, 'a', '"x"')]);
  await wire.completeActivity(await worker.next(), '"y"');
  await wire.completeTurn(await worker.next(), [actions.complete(2, '"done"')]);
  await wire.end(id);
  const [whole, streamed] = [await historyOf(wire, id), await wire.history(id)];
  assert.deepEqual(words(whole), ['ORCHESTRATORSTARTED', 'EXECUTIONSTARTED', 'TASKSCHEDULED#1', 'ORCHESTRATORSTARTED', 'TASKCOMPLETED', 'EXECUTIONCOMPLETED#2']);
  assert.deepEqual(whole.map(e => e.toObject()), streamed.map(e => e.toObject()));
  assert.equal((await rejection(historyOf(wire, 'nobody'))).code, code.NOT_FOUND);
});

test('all ids, page by page', WIRE, async t => {
  const wire = open(t);
  const ids = [];
  for (let i = 0; i < 7; i++) ids.push(await wire.start('o', { instanceId: `i${i}` }));
  const seen = [];
  let token;
  do {
    // 1: string continuationToken, 2: uint32 pageSize
    const asked = Buffer.concat([...(token ? [Buffer.from([0x0a, token.length]), token] : []), Buffer.from([0x10, 3])]);
    const answer = await wire.raw('ListInstanceIDs', asked);
    const page = [];
    token = undefined;
    for (let at = 0; at < answer.length;) {
      const [field, length] = [answer[at] >> 3, answer[at + 1]];
      assert.ok(length < 128, 'short texts have one byte of length');
      const text = answer.subarray(at + 2, at + 2 + length);
      if (field === 1) page.push(text.toString()); else token = text;
      at += 2 + length;
    }
    assert.ok(page.length <= 3);
    seen.push(...page);
  } while (token);
  assert.deepEqual(seen.sort(), ids.sort());
});

test('completing and giving back under the new names', WIRE, async t => {
  const wire = open(t);
  const worker = wire.worker();
  const id = await wire.start('o');
  const first = await worker.next();
  await wire.raw('AbandonTaskWorkflowWorkItem', message(pb.AbandonOrchestrationTaskRequest, { completiontoken: first.token }).serializeBinary());
  const again = await worker.next('the turn again');
  assert.notEqual(again.token, first.token);
  await wire.raw('CompleteWorkflowTask', message(pb.OrchestratorResponse,
    { instanceId: id, completionToken: again.token, actions: [actions.complete(1, '"done"')] }).serializeBinary());
  assert.equal((await wire.end(id)).getOutput().getValue(), '"done"');
});

test('fields that Dapr uses for other things do not make an answer nonsense', WIRE, async t => {
  const wire = open(t);
  const worker = wire.worker();
  const id = await wire.start('o');
  const turn = await worker.next();
  const text = (field, value) => Buffer.concat([Buffer.from([field << 3 | 2, value.length]), Buffer.from(value)]);
  // scheduleTask with its own id of the execution in field 5; the answer with a version (patches, name) in field 6
  const task = Buffer.concat([text(1, 'a'), text(5, '3f2b8c1e-7a60-4b6f-9d1e-5f0c2a9b7d41')]);
  const action = Buffer.concat([Buffer.from([0x08, 1]), text(2, task)]);
  const answer = Buffer.concat([text(1, id), text(2, action), text(4, turn.token), text(6, Buffer.concat([text(1, 'patch-1'), text(2, 'o')]))]);
  await wire.raw('CompleteWorkflowTask', answer);
  const item = await worker.next('the activity');
  assert.equal(item.activity.getName(), 'a');
  await wire.completeActivity(item, '1');
  const next = await worker.next();
  assert.equal(next.turn.getOrchestrationtracecontext(), undefined);
  await wire.completeTurn(next, [actions.complete(2, '"done"')]);
  assert.equal((await wire.end(id)).getOutput().getValue(), '"done"');
});

const POLICIES = {
  'ignore, in a listed state: the one there is the answer': { list: [S.ORCHESTRATION_STATUS_PENDING, S.ORCHESTRATION_STATUS_RUNNING], action: 1, kept: true },
  'ignore, in another state: refused': { list: [S.ORCHESTRATION_STATUS_COMPLETED], action: 1, code: code.ALREADY_EXISTS, kept: true },
  'terminate, in a listed state: replaced': { list: [S.ORCHESTRATION_STATUS_PENDING, S.ORCHESTRATION_STATUS_RUNNING], action: 2, kept: false },
  'terminate, in another state: refused': { list: [S.ORCHESTRATION_STATUS_COMPLETED], action: 2, code: code.ALREADY_EXISTS, kept: true },
};
for (const [what, { list, action, code: refused, kept }] of Object.entries(POLICIES)) {
  test(`an id used again with an older policy, ${what}`, WIRE, async t => {
    const wire = open(t);
    await wire.start('first', { instanceId: 'same' });
    const before = (await wire.state('same')).getExecutionid().getValue();
    const request = message(pb.CreateInstanceRequest, { instanceId: 'same', name: 'second' }).serializeBinary();
    const policy = Buffer.concat([...list.map(status => Buffer.from([0x08, status])), Buffer.from([0x10, action])]);
    const answered = wire.raw('StartInstance', Buffer.concat([request, Buffer.from([6 << 3 | 2, policy.length]), policy]));
    if (refused === undefined) assert.equal(pb.CreateInstanceResponse.deserializeBinary(await answered).getInstanceid(), 'same');
    else assert.equal((await rejection(answered)).code, refused);
    const state = await wire.state('same');
    assert.equal(state.getName(), kept ? 'first' : 'second');
    assert.equal(state.getExecutionid().getValue() === before, kept);
  });
}
