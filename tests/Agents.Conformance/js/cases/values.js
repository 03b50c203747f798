'use strict';
// What a value goes through: input, activity and back, event, output. The server stores text and may not read it.
const assert = require('node:assert/strict');
const { suite, EVERYWHERE, GRPC } = require('../lib/suite');

const { orchestrator, activity, test } = suite('values');

orchestrator('roundTrip', async function* (ctx, input) {
  const result = yield ctx.callActivity('echo', input);
  const event = yield ctx.waitForExternalEvent('value');
  return { input, result, event };
});

const odd = {
  'plain text': 'plain',
  'text with every kind of letter': 'zażółć gęślą jaźń · 你好 · שלום · 👩‍👩‍👧‍👦 · é · e\u0301',
  'text with control characters': 'a\u0000b\u0001\t\r\n\u007f\u0085\u2028\u2029',
  'text that looks like markup': '<a href="x">\'"\\ %s {0} ${x} -- ; drop table instances; /* */ \\u0000',
  'a lone surrogate': 'a\ud800b',
  'a lookalike of a payload token': 'blob:v1:container:name',
  'a number past 2^53': 9007199254740993,
  'a small number': -1.5e-300,
  'a list': [1, [2, [3, []]]],
  'an object': { a: { b: { c: null } }, '': 'empty key', 'ключ': 1 },
  'true': true,
};
for (const [name, value] of Object.entries(odd)) {
  test(`${name} goes through unchanged`, { on: EVERYWHERE }, async t => {
    const id = await t.start('roundTrip', value);
    await t.raise(id, 'value', value);
    assert.deepEqual(await t.output(id), { input: value, result: value, event: value });
    assert.equal((await t.state(id)).serializedInput, JSON.stringify(value));
  });
}

// These four the Dapr SDK drops by itself before they reach any server.
const falsy = { zero: 0, 'the empty text': '', 'false': false, 'null': null };
for (const [name, value] of Object.entries(falsy)) {
  test(`${name} goes through unchanged`, {}, async t => {
    const id = await t.start('roundTrip', value);
    await t.raise(id, 'value', value);
    assert.deepEqual(await t.output(id), { input: value, result: value, event: value });
    assert.equal((await t.state(id)).serializedInput, JSON.stringify(value));
  });
}

orchestrator('returns', async (_, what) => ({ zero: 0, empty: '', false: false, null: null, undefined: undefined })[what]);
for (const [what, text] of Object.entries({ zero: '0', empty: '""', false: 'false', null: 'null', undefined: undefined })) {
  test(`an orchestrator that returns ${what}`, {}, async t => {
    const state = await t.done(await t.start('returns', what));
    assert.equal(state.runtimeStatus, 1);
    assert.equal(state.serializedOutput, text);
  });
}

activity('returnsNothing', () => undefined);
activity('returnsWhat', (_, what) => ({ zero: 0, empty: '', false: false, null: null })[what]);
orchestrator('asksForNothing', async function* (ctx) {
  const results = [];
  for (const what of ['zero', 'empty', 'false', 'null']) results.push(yield ctx.callActivity('returnsWhat', what));
  const nothing = yield ctx.callActivity('returnsNothing');
  return { results, nothing: nothing === undefined || nothing === null };
});
test('activities that return zero, empty, false, null and nothing', {}, async t => {
  assert.deepEqual(await t.run('asksForNothing'), { results: [0, '', false, null], nothing: true });
});

orchestrator('inputKind', async (_, input) => input === undefined ? 'undefined' : JSON.stringify(input));
test('no input at all arrives as none', { on: EVERYWHERE }, async t => {
  assert.equal(await t.run('inputKind', undefined), 'undefined');
});

orchestrator('eventKind', async function* (ctx) {
  const data = yield ctx.waitForExternalEvent('kind');
  return data === null || data === undefined ? 'nothing' : JSON.stringify(data);
});
test('an event without data arrives without data', { on: EVERYWHERE }, async t => {
  const id = await t.start('eventKind', 1);
  await t.raise(id, 'kind');
  assert.equal(await t.output(id), 'nothing');
});

const text = bytes => 'päyload-'.repeat(Math.ceil(bytes / 9)).slice(0, bytes - Math.floor(bytes / 9));
const MB = 1 << 20;
orchestrator('sizes', async function* (ctx, input) {
  const back = yield ctx.callActivity('echo', input);
  if (back !== input) throw new Error(`the activity got ${input.length} and gave ${back.length} characters`);
  const event = yield ctx.waitForExternalEvent('large');
  if (event !== input) throw new Error(`the event has ${event.length} characters instead of ${input.length}`);
  return back;
});
for (const size of [1, 5, 20]) {
  test(`${size} MB as input, result, event and output`, { on: size === 20 ? ['ms'] : ['ms', 'dapr', 'memory'], seconds: 90, alone: true },
    async t => {
      const value = text(size * MB);
      const id = await t.start('sizes', value);
      await t.raise(id, 'large', value);
      const state = await t.done(id, 80);
      assert.equal(state.runtimeStatus, 1, state.failureDetails?.message);
      assert.equal(state.serializedOutput === JSON.stringify(value), true, 'the output is the input');
      assert.equal(state.serializedInput === JSON.stringify(value), true, 'the input is kept');
      const bare = await t.client.getOrchestrationState(id, false);
      assert.equal(bare.serializedOutput, undefined);
    });
}

activity('makesText', (_, size) => 'x'.repeat(size));
orchestrator('manyLarge', async function* (ctx, { times, size }) {
  let total = 0;
  for (let i = 0; i < times; i++) total += (yield ctx.callActivity('makesText', size)).length;
  return total;
});
test('a history of twelve results of 1 MB', { on: GRPC, seconds: 90, alone: true }, async t => {
  assert.equal(await t.output(await t.start('manyLarge', { times: 12, size: MB }), 80), 12 * MB);
});
