// The databases under the peers, private to the bench and started by it: a PostgreSQL and a Restate server, both as they
// come, with synchronous commit on, below artifacts/bench.
import { execFileSync, spawn } from 'node:child_process';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import net from 'node:net';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { sleep } from './machine.mjs';

export const folder = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../../artifacts/bench');
fs.mkdirSync(folder, { recursive: true });

const freePort = () => new Promise((done) => {
  const server = net.createServer().listen(0, '127.0.0.1', () => {
    const { port } = server.address();
    server.close(() => done(port));
  });
});
const ended = (child) => new Promise((done) => (child.exitCode !== null || child.signalCode ? done() : child.once('exit', done)));

async function until(what, milliseconds, check) {
  for (const end = Date.now() + milliseconds; Date.now() < end; await sleep(10)) {
    try { if (await check()) return; } catch { /* not yet */ }
  }
  throw new Error(`${what} did not answer within ${milliseconds / 1000} s; its log is under ${folder}`);
}

export class Postgres {
  data = path.join(folder, 'postgres');
  log = path.join(folder, 'postgres.log');

  // PostgreSQL refuses to run as root: then it runs as the user "postgres".
  #user = process.getuid() === 0
    ? { uid: +execFileSync('id', ['-u', 'postgres']), gid: +execFileSync('id', ['-g', 'postgres']) }
    : {};
  #programs = process.env.PGBIN ?? execFileSync('pg_config', ['--bindir']).toString().trim();

  async open() {
    fs.rmSync(this.data, { recursive: true, force: true });
    fs.mkdirSync(this.data, { mode: 0o700 });
    if (this.#user.uid) fs.chownSync(this.data, this.#user.uid, this.#user.gid);
    execFileSync(path.join(this.#programs, 'initdb'), ['-D', this.data, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--locale=C.UTF-8'], { ...this.#user, cwd: this.data, stdio: 'ignore' });
    this.port = await freePort();
    this.#server = spawn(path.join(this.#programs, 'postgres'),
      ['-D', this.data, '-p', this.port, '-k', this.data, '-c', 'listen_addresses=127.0.0.1'],
      { ...this.#user, cwd: this.data, stdio: ['ignore', fs.openSync(this.log, 'a'), fs.openSync(this.log, 'a')] });
    await until('PostgreSQL', 30_000, () => this.query('select 1', 'postgres'));
  }
  #server;

  url = (database) => `postgresql://postgres@127.0.0.1:${this.port}/${database}`;

  async query(sql, database = 'bench') {
    const client = new pg.Client({ connectionString: this.url(database) });
    await client.connect();
    try { return (await client.query(sql)).rows; } finally { await client.end(); }
  }
  async reset() {
    if (!this.#server) await this.open();
    await this.query('drop database if exists bench with (force)', 'postgres');
    await this.query('create database bench', 'postgres');
  }
  environment = () => ({ PG_URL: this.url('bench') });
  roots = () => [this.#server.pid];
  kill() {}
  start() {}
  async settings() {
    const rows = await this.query("select name, setting from pg_settings where name in ('fsync', 'synchronous_commit', 'wal_sync_method', 'full_page_writes')");
    return Object.fromEntries(rows.map((r) => [r.name, r.setting]));
  }
  // Tables, indexes and TOAST of everything that is not PostgreSQL's own, after VACUUM and CHECKPOINT.
  async bytes() {
    await this.query('vacuum');
    await this.query('checkpoint');
    return +(await this.query(`
      select coalesce(sum(pg_total_relation_size(c.oid)), 0) as bytes
      from pg_class c join pg_namespace n on n.oid = c.relnamespace
      where c.relkind = 'r' and n.nspname not in ('pg_catalog', 'information_schema')`))[0].bytes;
  }
  async close() {
    if (!this.#server) return;
    this.#server.kill('SIGINT'); // fast shutdown
    await ended(this.#server);
    fs.rmSync(this.data, { recursive: true, force: true });
  }
}

export class Restate {
  data = path.join(folder, 'restate');
  log = path.join(folder, 'restate.log');
  #server;

  async reset() {
    await this.kill();
    fs.rmSync(this.data, { recursive: true, force: true });
    this.ports ??= { ingress: await freePort(), admin: await freePort(), node: await freePort(), service: await freePort() };
    await this.start();
  }
  async start() {
    if (this.#server) return;
    const { ingress, admin, node } = this.ports;
    const own = createRequire(import.meta.url).resolve('@restatedev/restate-server-linux-x64/package.json');
    this.#server = spawn(path.join(path.dirname(own), 'bin', 'restate-server'), [], {
      stdio: ['ignore', fs.openSync(this.log, 'a'), fs.openSync(this.log, 'a')],
      env: {
        ...process.env, DO_NOT_TRACK: '1', RESTATE_DISABLE_TELEMETRY: 'true', RESTATE_LISTEN_MODE: 'tcp',
        RESTATE_BASE_DIR: this.data, RESTATE_NODE_NAME: 'bench',
        RESTATE_BIND_ADDRESS: `127.0.0.1:${node}`, RESTATE_ADVERTISED_ADDRESS: `http://127.0.0.1:${node}/`,
        RESTATE_INGRESS__BIND_ADDRESS: `127.0.0.1:${ingress}`, RESTATE_ADMIN__BIND_ADDRESS: `127.0.0.1:${admin}`,
      },
    });
    await until('restate-server', 60_000, async () =>
      (await fetch(`http://127.0.0.1:${admin}/health`)).ok && (await fetch(`http://127.0.0.1:${ingress}/restate/health`)).ok);
  }
  environment = () => ({
    RESTATE_INGRESS: `http://127.0.0.1:${this.ports.ingress}`, RESTATE_ADMIN: `http://127.0.0.1:${this.ports.admin}`, SERVICE_PORT: `${this.ports.service}`,
  });
  roots = () => [this.#server.pid];
  settings = async () => ({ configuration: 'default' });
  async #end(signal) {
    const server = this.#server;
    this.#server = null;
    if (!server) return;
    server.kill(signal);
    await ended(server);
  }
  kill = () => this.#end('SIGKILL');

  // RocksDB's log files are preallocated and say nothing: a graceful restart turns them into table files first.
  async bytes() {
    await this.#end('SIGTERM');
    await this.start();
    await sleep(3000);
    return fs.readdirSync(this.data, { recursive: true }).filter((f) => f.endsWith('.sst'))
      .reduce((sum, f) => sum + fs.statSync(path.join(this.data, f)).size, 0);
  }
  async close() {
    await this.kill();
    fs.rmSync(this.data, { recursive: true, force: true });
  }
}
