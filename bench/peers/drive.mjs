// Drives other durable engines through agent-300 and prints one JSON line per measure.
//   node drive.mjs [dbos] [restate] [langgraph] [floor]  [--measures lone,concurrent,crash,storage,idle] [--runs 64,512]
//                  [--turns 150] [--bytes 1024] [--repetitions 5] [--idle-seconds 10]
import { fork } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { cpuSeconds, diskFlushes, fdatasyncUs, machineBusySeconds, median, pssMB, round, sleep } from './machine.mjs';
import { Postgres, Restate, folder } from './stores.mjs';

const here = path.dirname(fileURLToPath(import.meta.url));
const versions = JSON.parse(fs.readFileSync(path.join(here, 'package.json'), 'utf8')).dependencies;
const versionOf = (name) => versions[name];

// slow: its cost grows with the length of the conversation and its rate does not with the runs: 64 of them take minutes.
// It is measured once, with 8 runs.
const postgres = new Postgres();
const peers = {
  dbos: { name: 'DBOS', version: versionOf('@dbos-inc/dbos-sdk'), store: postgres, storedRuns: 8 },
  restate: { name: 'Restate', version: versionOf('@restatedev/restate-server'), store: new Restate(), storedRuns: 64 },
  langgraph: { name: 'LangGraph', version: versionOf('@langchain/langgraph'), store: postgres, storedRuns: 2, slow: true },
  floor: { name: 'INSERT per step', version: versionOf('pg'), store: postgres, storedRuns: 8 },
};

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    measures: { type: 'string', default: 'lone,concurrent,crash,storage,idle' },
    runs: { type: 'string', default: '64' },
    turns: { type: 'string', default: '150' },
    bytes: { type: 'string', default: '1024' },
    repetitions: { type: 'string', default: '5' },
    'idle-seconds': { type: 'string', default: '10' },
  },
});
const turns = +values.turns, bytes = +values.bytes, repetitions = +values.repetitions;
const unknown = positionals.filter((p) => !peers[p]);
if (unknown.length) throw new Error(`unknown peer ${unknown.join(', ')}; known: ${Object.keys(peers).join(', ')}`);

const children = new Set();
process.on('exit', () => children.forEach((c) => c.kill('SIGKILL')));

class Worker {
  static async start(peer, store, environment = {}) {
    const worker = new Worker();
    worker.spawned = performance.timeOrigin + performance.now();
    const errors = fs.openSync(path.join(folder, `${peer}.log`), 'a');
    worker.child = fork(path.join(here, `${peer}.mjs`), { stdio: ['ignore', errors, errors, 'ipc'], env: { ...process.env, ...store.environment(), ...environment } });
    children.add(worker.child);
    worker.gone = new Promise((done) => worker.child.once('exit', (code) => { children.delete(worker.child); done(`worker ended (${code}); its log: ${folder}/${peer}.log`); }));
    worker.ready = (await worker.#answer()).ready;
    return worker;
  }
  #answer() {
    return new Promise((done, fail) => {
      this.child.once('message', (m) => (m.error ? fail(new Error(m.error)) : done(m)));
      this.gone.then((why) => fail(new Error(why)));
    });
  }
  ask(command) {
    this.child.send(command);
    return this.#answer();
  }
  async close() {
    this.child.send({ do: 'close' });
    await Promise.race([this.gone, sleep(5000).then(() => this.child.kill('SIGKILL'))]);
    await this.gone;
  }
}

let serial = 0;
const newIds = (n) => Array.from({ length: n }, () => `r${process.pid}-${serial++}`);
const runs = (n, more = {}) => ({ do: 'run', ids: newIds(n), turns, bytes, ...more });

// Runs the action and says what CPU its trees took, what the rest of the machine took meanwhile, and the disk's flushes.
async function metered(roots, action) {
  const before = { own: cpuSeconds(roots), all: machineBusySeconds(), flushes: diskFlushes(), at: performance.now() };
  const answer = await action();
  const seconds = (performance.now() - before.at) / 1000;
  const own = cpuSeconds(roots) - before.own;
  return { ...answer, cpu: own, otherCores: Math.max(0, (machineBusySeconds() - before.all - own) / seconds), flushes: diskFlushes() - before.flushes };
}

async function withWorker(key, action) {
  const { store } = peers[key];
  await store.reset();
  const worker = await Worker.start(key, store);
  try { return await action(worker, store); } finally { await worker.close(); }
}

// n runs at once, repeated; the medians.
const many = (key, n) => withWorker(key, async (worker, store) => {
  const roots = [worker.child.pid, ...store.roots()];
  await worker.ask(runs(n === 1 ? 2 : Math.min(n, 8), peers[key].slow ? { turns: 10 } : {}));
  const samples = [], sync = [], memory = [];
  for (let i = 0; i < (peers[key].slow && n > 1 ? 1 : repetitions); i++) {
    sync.push(fdatasyncUs(folder));
    samples.push(await metered(roots, () => worker.ask(runs(n))));
    memory.push(pssMB(roots));
  }
  const activities = n * turns * 2, of = (f) => round(median(samples.map(f)));
  return {
    runs: n, bytes, activities, repetitions: samples.length,
    secondsPerBatch: of((s) => s.ms / 1000), activitiesPerSecond: of((s) => activities / (s.ms / 1000)), msPerActivity: of((s) => s.ms / (turns * 2)),
    msP50: of((s) => s.p50), msP99: of((s) => s.p99), cpuUsPerActivity: of((s) => (s.cpu / activities) * 1e6),
    flushesPerActivity: of((s) => s.flushes / activities), pssMB: round(Math.max(...memory)),
    otherCores: of((s) => s.otherCores), fdatasyncUs: median(sync),
  };
});

// kill -9 of the worker in the middle of a lone run; the server stays up.
async function crash(key) {
  const { store } = peers[key];
  const target = Math.floor((turns * 2 * 2) / 3);
  const ready = [], spawned = [], again = [];
  for (let i = 0; i < repetitions; i++) {
    const log = path.join(folder, `steps-${process.pid}`);
    fs.writeFileSync(log, '');
    await store.reset();
    const first = await Worker.start(key, store, { STEP_LOG: log });
    await first.ask(runs(1, { turns: 10 }));
    const ids = newIds(1);
    const steps = () => fs.readFileSync(log, 'utf8').split('\n').map((l) => l.split(' ')).filter((l) => l.length === 3 && l[0] === ids[0]).map((l) => ({ step: +l[1], at: +l[2] }));
    first.child.send({ do: 'run', ids, turns, bytes });
    while ((steps().at(-1)?.step ?? 0) < target) await sleep(1);
    first.child.kill('SIGKILL');
    await first.gone;
    const known = steps().length, last = steps().at(-1).step;
    const second = await Worker.start(key, store, { STEP_LOG: log });
    await second.ask({ do: 'resume', ids, turns, bytes });
    const after = steps().slice(known), next = after.find((s) => s.step > last);
    ready.push(next.at - second.ready);
    spawned.push(next.at - second.spawned);
    again.push(after.filter((s) => s.step <= last).length);
    await second.close();
    fs.unlinkSync(log);
  }
  return { runs: 1, bytes, killedAtStep: target, repetitions, msReadyToNextStep: round(median(ready)), msSpawnToNextStep: round(median(spawned)), stepsAgain: again };
}

const storage = (key) => withWorker(key, async (worker, store) => {
  await worker.ask(runs(1, { turns: 2 }));
  const n = peers[key].storedRuns, before = await store.bytes();
  for (let i = 0; i < n; i++) await worker.ask(runs(1));
  const stored = (await store.bytes()) - before;
  return { runs: n, bytes, storedBytesPerRun: Math.round(stored / n), storedRatio: round(stored / (n * turns * 2 * bytes)) };
});

const idle = (key) => withWorker(key, async (worker, store) => {
  await sleep(3000);
  const seconds = +values['idle-seconds'], percent = (roots, before) => round((100 * (cpuSeconds(roots) - before)) / seconds, 3);
  const server = store.roots(), own = [worker.child.pid];
  const before = [cpuSeconds(own), cpuSeconds(server)];
  await sleep(seconds * 1000);
  return { idleSeconds: seconds, workerCpuPercent: percent(own, before[0]), serverCpuPercent: percent(server, before[1]), pssMB: round(pssMB([...own, ...server])) };
});

const counts = values.runs.split(',').map(Number);
const plan = {
  lone: (key) => [() => many(key, 1)],
  concurrent: (key) => counts.map((n) => () => many(key, peers[key].slow ? Math.min(n, 8) : n)),
  crash: (key) => [() => crash(key)],
  storage: (key) => [() => storage(key)],
  idle: (key) => [() => idle(key)],
};

for (const key of positionals.length ? positionals : Object.keys(peers)) {
  const { name, version, store } = peers[key];
  for (const measure of values.measures.split(',')) {
    for (const take of plan[measure](key)) {
      const line = { peer: name, version, measure };
      try {
        Object.assign(line, await take());
        if (measure === 'lone') line.settings = await store.settings();
      } catch (e) {
        line.error = String(e.message ?? e).slice(0, 500);
      }
      console.log(JSON.stringify({ ...line, load1: round(os.loadavg()[0], 3) }));
    }
  }
}
for (const store of new Set(Object.values(peers).map((p) => p.store))) await store.close();
process.exit(0);
