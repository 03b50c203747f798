// What /proc says about process trees and the machine, and how fast the disk syncs.
import fs from 'node:fs';
import path from 'node:path';

const ticksPerSecond = 100;
const readOr = (file, other) => { try { return fs.readFileSync(file, 'utf8'); } catch { return other; } };

// Every process as { parent, seconds }: CPU of its own and of children it has waited for.
function processes() {
  const all = new Map();
  for (const name of fs.readdirSync('/proc').filter((n) => /^\d+$/.test(n))) {
    const stat = readOr(`/proc/${name}/stat`, '');
    const f = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (f.length > 15) all.set(+name, { parent: +f[1], seconds: (+f[11] + +f[12] + +f[13] + +f[14]) / ticksPerSecond });
  }
  return all;
}

function tree(roots) {
  const all = processes();
  const members = new Set(roots.filter((r) => all.has(r)));
  for (let grown = true; grown; ) {
    grown = false;
    for (const [pid, p] of all) if (!members.has(pid) && members.has(p.parent)) { members.add(pid); grown = true; }
  }
  return [...members].map((pid) => ({ pid, ...all.get(pid) }));
}

export const cpuSeconds = (roots) => tree(roots).reduce((sum, p) => sum + p.seconds, 0);

export const pssMB = (roots) =>
  tree(roots).reduce((sum, p) => sum + +(/^Pss:\s+(\d+)/m.exec(readOr(`/proc/${p.pid}/smaps_rollup`, ''))?.[1] ?? 0), 0) / 1024;

export function machineBusySeconds() {
  const [user, nice, system, , , irq, softirq] = readOr('/proc/stat', '').split('\n')[0].trim().split(/\s+/).slice(1).map(Number);
  return (user + nice + system + irq + softirq) / ticksPerSecond;
}

// Cache flushes of all whole disks so far: what fsync asks of the device. Others' flushes are counted too.
export function diskFlushes() {
  let flushes = 0;
  for (const line of readOr('/proc/diskstats', '').split('\n')) {
    const f = line.trim().split(/\s+/);
    if (fs.existsSync(`/sys/block/${f[2]}`) && f.length >= 19) flushes += +f[18];
  }
  return flushes;
}

// Median of rewriting 4 KiB in place and fdatasync, in microseconds.
export function fdatasyncUs(folder, times = 100) {
  const file = path.join(folder, `sync-${process.pid}`);
  const fd = fs.openSync(file, 'w');
  const page = Buffer.alloc(4096, 7);
  const taken = [];
  for (let i = 0; i < times; i++) {
    fs.writeSync(fd, page, 0, page.length, 0);
    const began = performance.now();
    fs.fdatasyncSync(fd);
    taken.push((performance.now() - began) * 1000);
  }
  fs.closeSync(fd);
  fs.unlinkSync(file);
  return Math.round(median(taken));
}

export const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  return (sorted[(sorted.length - 1) >> 1] + sorted[sorted.length >> 1]) / 2;
}

export const round = (x, digits = 4) => +(+x).toPrecision(digits);
