'use strict';
// A worker without an SDK that answers a call after its server was killed and started again, as SDKs do that say a
// completion until it is heard: node tools-late.js ADDRESS FOLDER. It answers once FOLDER/release is there.

const fs = require('node:fs');
const path = require('node:path');
const { Wire } = require('./lib/wire');
const { until } = require('./lib/signals');

const [, , address, folder] = process.argv;

async function main() {
  const item = await new Wire(address).worker().next('a call', 80);
  const key = JSON.parse(item.activity.getInput().getValue()).idempotencyKey;
  fs.appendFileSync(path.join(folder, 'journal'), JSON.stringify({ what: 'begin', key, pid: process.pid }) + '\n');
  await until(() => fs.existsSync(path.join(folder, 'release')), 'the release', 80);
  await until(() => new Wire(address).completeActivity(item, '"held 1"').then(() => true, () => false), 'an OK', 80);
  console.log('answered');
  process.exit(0);
}

console.log('ready');
main().catch(error => { console.error(error); process.exit(1); });
