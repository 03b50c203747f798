'use strict';
// An endpoint in a process of its own, on a loopback port and a directory that are nobody else's.

const { spawn } = require('node:child_process');
const fs = require('node:fs');
const net = require('node:net');
const os = require('node:os');
const path = require('node:path');
const { until } = require('./signals');

const running = new Set();
process.on('exit', () => { for (const child of running) child.kill('SIGKILL'); });

function freePort() {
  return new Promise((resolve, reject) => {
    const probe = net.createServer();
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address();
      probe.close(() => resolve(port));
    });
  });
}

function connects(port) {
  return new Promise(resolve => {
    const socket = net.connect(port, '127.0.0.1');
    socket.once('connect', () => { socket.destroy(); resolve(true); });
    socket.once('error', () => resolve(false));
  });
}

/** Starts the endpoint; `like` gives another server's port and directory to start again on. */
async function startServer(command, like) {
  const port = like?.port ?? await freePort();
  const data = like?.data ?? fs.mkdtempSync(path.join(os.tmpdir(), 'agents-conformance-'));
  const [program, ...rest] = command.map(part => part.replace('{port}', String(port)).replace('{data}', data));
  const log = fs.openSync(path.join(data, 'serve.log'), 'a');
  const child = spawn(program, rest, { stdio: ['ignore', log, log] });
  fs.closeSync(log);
  running.add(child);
  const ended = new Promise(resolve => child.once('exit', (code, signal) => { running.delete(child); resolve({ code, signal }); }));
  const server = {
    port, data, address: `127.0.0.1:${port}`, child, ended,
    log: () => fs.readFileSync(path.join(data, 'serve.log'), 'utf8'),
    kill: async () => { child.kill('SIGKILL'); await ended; },
    again: () => startServer(command, server),
    stop: async () => {
      child.kill('SIGTERM');
      const late = setTimeout(() => child.kill('SIGKILL'), 10000);
      await ended;
      clearTimeout(late);
      fs.rmSync(data, { recursive: true, force: true });
    },
  };
  await until(async () => {
    if (child.exitCode !== null) throw new Error(`the endpoint ended with ${child.exitCode}: ${server.log().slice(-2000)}`);
    return connects(port);
  }, `an endpoint on port ${port}`, 40);
  return server;
}

module.exports = { startServer, freePort };
