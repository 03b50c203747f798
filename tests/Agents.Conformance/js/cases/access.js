'use strict';
// Who may come in, and to which task hub: keys and signed tokens, in the ways that both SDKs and bare gRPC can show them.
const assert = require('node:assert/strict');
const crypto = require('node:crypto');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const grpc = require('@grpc/grpc-js');
const { suite } = require('../lib/suite');
const { until, within } = require('../lib/signals');
const { startServer } = require('../lib/server');
const { msClient, msWorker } = require('../lib/environments');
const { Wire, pb, actions, message, code } = require('../lib/wire');
const { rejection } = require('../lib/case');

const { test } = suite('access');
const WIRE = { on: ['wire'], seconds: 90 };

const ISSUER = 'https://issuer.invalid/';
const KEYS = { orders: 'key-of-orders-0123456789', everything: 'key-of-everything-0123456789' };
const pair = () => crypto.generateKeyPairSync('rsa', { modulusLength: 2048 });
const jwk = (keys, kid) => ({ ...keys.publicKey.export({ format: 'jwk' }), kid, use: 'sig', alg: 'RS256' });
const base64 = value => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');

/** A token signed with a key pair; `sign` makes the signature another way. */
function token(keys, claims, { kid = 'one', alg = 'RS256', sign } = {}) {
  const now = Math.floor(Date.now() / 1000);
  const body = `${base64({ alg, typ: 'JWT', kid })}.${base64({ iss: ISSUER, aud: 'agents', iat: now, nbf: now - 5, exp: now + 600, ...claims })}`;
  const signature = sign ? sign(body) : crypto.sign('sha256', Buffer.from(body), keys.privateKey);
  return `${body}.${signature.toString('base64url')}`;
}

/** An endpoint that asks for keys and tokens, and the keys the tokens are signed with. */
async function guarded(t) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'agents-access-'));
  const keys = pair();
  const published = path.join(folder, 'keys.json');
  fs.writeFileSync(published, JSON.stringify({ keys: [jwk(keys, 'one')] }));
  fs.writeFileSync(path.join(folder, 'orders.key'), `${KEYS.orders}\n`);
  const file = path.join(folder, 'access.json');
  const digest = crypto.createHash('sha256').update(KEYS.everything).digest('hex');
  fs.writeFileSync(file, JSON.stringify({
    keys: [{ name: 'orders', key: 'file:orders.key', hubs: ['orders'] }, { name: 'everything', key: `sha256:${digest}`, hubs: ['*'] }],
    tokens: { issuer: ISSUER, audience: 'agents', keySet: 'keys.json' },
  }));
  const server = await startServer([...t.serve, '--access', file]);
  t.closing.push(async () => { await server.stop(); fs.rmSync(folder, { recursive: true, force: true }); });
  return { address: server.address, keys, published };
}

function caller(t, address, hub, headers) {
  const wire = new Wire(address, hub, headers);
  t.closing.push(() => wire.close());
  return wire;
}
const ask = wire => wire.call('getInstance', message(pb.GetInstanceRequest, { instanceId: 'nobody' })).then(() => code.OK, error => error.code);
const bearer = shown => ({ authorization: `Bearer ${shown}` });

test('without a key, or with a wrong one, nothing is answered', WIRE, async t => {
  const { address } = await guarded(t);
  for (const headers of [{}, bearer('wrong'), { 'x-api-key': `${KEYS.orders}x` }, { authorization: `Basic ${KEYS.orders}` }, bearer('')]) {
    const wire = caller(t, address, 'orders', headers);
    assert.equal(await ask(wire), code.UNAUTHENTICATED, JSON.stringify(headers));
    assert.match((await rejection(wire.start('o'))).details, /key/);
    assert.equal((await rejection(wire.call('hello'))).code, code.UNAUTHENTICATED);
    assert.equal((await rejection(wire.history('x'))).code, code.UNAUTHENTICATED);
    const worker = wire.worker();
    await until(() => worker.error, 'the stream to be refused');
    assert.equal(worker.error.code, code.UNAUTHENTICATED);
    const nothing = message(pb.ActivityResponse, { instanceId: 'x', taskId: 1, completionToken: 'y' });
    assert.equal((await rejection(wire.call('completeActivityTask', nothing))).code, code.UNAUTHENTICATED);
  }
});

test('a key opens the hubs it names and no other', WIRE, async t => {
  const { address } = await guarded(t);
  for (const headers of [bearer(KEYS.orders), { 'x-api-key': KEYS.orders }, { 'dapr-api-token': KEYS.orders }]) {
    assert.equal(await ask(caller(t, address, 'orders', headers)), code.OK);
    assert.equal(await ask(caller(t, address, 'Orders', headers)), code.OK);
    for (const hub of ['invoices', undefined, 'default']) {
      const wire = caller(t, address, hub, headers);
      assert.equal(await ask(wire), code.PERMISSION_DENIED, `${hub}`);
      assert.match((await rejection(wire.start('o'))).details, /hub/);
      assert.equal((await rejection(wire.call('deleteTaskHub', new pb.DeleteTaskHubRequest()))).code, code.PERMISSION_DENIED);
      const worker = wire.worker();
      await until(() => worker.error, 'the stream to be refused');
      assert.equal(worker.error.code, code.PERMISSION_DENIED);
    }
  }
  for (const hub of ['orders', 'invoices', undefined]) assert.equal(await ask(caller(t, address, hub, bearer(KEYS.everything))), code.OK);
});

test('work of one hub is done under its key alone', WIRE, async t => {
  const { address } = await guarded(t);
  const wire = caller(t, address, 'orders', bearer(KEYS.orders));
  const worker = wire.worker();
  const id = await wire.start('o');
  const turn = await worker.next();
  const stranger = caller(t, address, 'orders', bearer('wrong'));
  assert.equal((await rejection(stranger.completeTurn(turn, [actions.complete(1, '"stolen"')]))).code, code.UNAUTHENTICATED);
  const neighbour = caller(t, address, 'invoices', bearer(KEYS.everything));
  await neighbour.completeTurn(turn, [actions.complete(1, '"mistaken"')]); // a token of another hub is a late one here
  await wire.completeTurn(turn, [actions.complete(1, '"done"')]);
  assert.equal((await wire.end(id)).getOutput().getValue(), '"done"');
});

test('tokens: signed, for us, in time, and for their hubs', WIRE, async t => {
  const { address, keys } = await guarded(t);
  const now = Math.floor(Date.now() / 1000);
  const refused = {
    'of another issuer': token(keys, { hubs: ['*'], iss: 'https://other.invalid/' }),
    'for another audience': token(keys, { hubs: ['*'], aud: 'others' }),
    'that is over': token(keys, { hubs: ['*'], exp: now - 600 }),
    'that is not yet': token(keys, { hubs: ['*'], nbf: now + 600 }),
    'without an end': token(keys, { hubs: ['*'], exp: undefined }),
    'signed by somebody else': token(pair(), { hubs: ['*'] }),
    'not signed': token(keys, { hubs: ['*'] }, { alg: 'none', sign: () => Buffer.alloc(0) }),
    'signed with the public key as a secret': token(keys, { hubs: ['*'] }, {
      alg: 'HS256', sign: body => crypto.createHmac('sha256', keys.publicKey.export({ type: 'spki', format: 'pem' })).update(body).digest(),
    }),
    'cut short': token(keys, { hubs: ['*'] }).slice(0, -10),
  };
  for (const [what, shown] of Object.entries(refused)) {
    assert.equal(await ask(caller(t, address, 'orders', bearer(shown))), code.UNAUTHENTICATED, `a token ${what}`);
  }
  for (const hubs of [['orders', 'default'], 'orders default', '*']) {
    const shown = bearer(token(keys, { hubs }));
    assert.equal(await ask(caller(t, address, 'orders', shown)), code.OK, `${hubs}`);
    assert.equal(await ask(caller(t, address, undefined, shown)), code.OK, `${hubs}`);
    assert.equal(await ask(caller(t, address, 'invoices', shown)), hubs === '*' ? code.OK : code.PERMISSION_DENIED, `${hubs}`);
  }
  for (const claims of [{}, { 'agents:hub': '*' }]) {
    assert.equal(await ask(caller(t, address, 'orders', bearer(token(keys, claims)))), code.PERMISSION_DENIED);
  }
});

test('a key pair that is published later is taken', WIRE, async t => {
  const { address, keys, published } = await guarded(t);
  assert.equal(await ask(caller(t, address, 'orders', bearer(token(keys, { hubs: 'orders' })))), code.OK);
  const later = pair();
  fs.writeFileSync(published, JSON.stringify({ keys: [jwk(keys, 'one'), jwk(later, 'two')] }));
  const wire = caller(t, address, 'orders', bearer(token(later, { hubs: 'orders' }, { kid: 'two' })));
  await until(async () => await ask(wire) === code.OK, 'the new key to be taken', 60);
});

test('a worker whose token ends is sent away in order', WIRE, async t => {
  const { address, keys } = await guarded(t);
  const exp = Math.floor(Date.now() / 1000) + 3;
  const wire = caller(t, address, 'orders', bearer(token(keys, { hubs: 'orders', exp })));
  const worker = wire.worker();
  await within(worker.ended, 'the stream to end', 60);
  assert.equal(worker.error, undefined, 'it ended, it did not break');
  assert.ok(Date.now() >= exp * 1000 - 1000, 'not before its time');
});

const functions = {
  orchestrators: { greets: async function* (ctx, name) { return yield ctx.callActivity('hello', name); } },
  activities: { hello: (_, name) => `hello ${name}` },
};

for (const way of ['a key', 'a token']) {
  test(`the official SDK shows ${way} as client and as worker`, { on: ['ms'], seconds: 90 }, async t => {
    const { address, keys } = await guarded(t);
    const shown = () => way === 'a key' ? KEYS.orders : token(keys, { hubs: 'orders' });
    const metadataGenerator = async () => {
      const metadata = new grpc.Metadata();
      metadata.set('taskhub', 'orders');
      metadata.set('authorization', `Bearer ${shown()}`);
      return metadata;
    };
    const stranger = msClient(address, 'orders');
    t.closing.push(() => stranger._stub.close());
    assert.equal((await rejection(stranger.scheduleNewOrchestration('greets', 'you'))).code, code.UNAUTHENTICATED);
    const worker = msWorker(address, 'orders', functions, { metadataGenerator });
    t.workers.push(worker);
    await worker.start();
    const client = msClient(address, 'orders', { metadataGenerator });
    t.closing.push(() => client._stub.close());
    const id = await client.scheduleNewOrchestration('greets', 'you');
    assert.equal((await client.waitForOrchestrationCompletion(id, true, 40)).serializedOutput, '"hello you"');
  });
}

test('an SDK that knows no metadata shows a key by an interceptor', { on: ['dapr'], seconds: 90 }, async t => {
  const { TaskHubGrpcClient, TaskHubGrpcWorker } = require('@dapr/durabletask-js');
  const { address } = await guarded(t);
  const shows = (options, next) => new grpc.InterceptingCall(next(options), {
    start: (metadata, listener, onward) => {
      metadata.set('taskhub', 'orders');
      metadata.set('x-api-key', KEYS.orders);
      onward(metadata, listener);
    },
  });
  const option = { interceptors: [shows] };
  const worker = new TaskHubGrpcWorker(address, option);
  worker.addNamedOrchestrator('greets', functions.orchestrators.greets);
  worker.addNamedActivity('hello', functions.activities.hello);
  t.workers.push(worker);
  await worker.start();
  const client = new TaskHubGrpcClient(address, option);
  t.closing.push(() => client._stub.close());
  const id = await client.scheduleNewOrchestration('greets', 'you');
  assert.equal((await client.waitForOrchestrationCompletion(id, true, 40)).serializedOutput, '"hello you"');
});
