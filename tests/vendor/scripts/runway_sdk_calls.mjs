// Makes the calls of `runway_calls.json` with the vendor's `@runwayml/sdk` package, unmodified.
//
// Usage: runway_sdk_calls.mjs BASE_URL API_KEY. Prints `ok can <method>` for each method that the package has, `ok did
// <method>` for each call that went well and `ok lacks <method>` for each that the package does not know, and ends with
// an error at the first call that did not go well.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { deflateSync, crc32 } from 'node:zlib';

import RunwayML from '@runwayml/sdk';

const POLL_MILLISECONDS = 20;
const LIMIT_MILLISECONDS = 60_000;
const ENDS = ['SUCCEEDED', 'FAILED', 'CANCELLED'];
const plan = JSON.parse(readFileSync(new URL('runway_calls.json', import.meta.url), 'utf8'));
const [baseURL, apiKey] = process.argv.slice(2);
const client = new RunwayML({ apiKey, baseURL });

const ok = (step) => console.log(`ok ${step}`);
const at = (value, path) => path.split('.').reduce((found, step) => found[step], value);

function filled(value, kept) {
  if (Array.isArray(value)) return value.map((each) => filled(each, kept));
  if (value !== null && typeof value === 'object') {
    return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, filled(each, kept)]));
  }
  return typeof value === 'string' && value.startsWith('$') ? at(kept, value.slice(1)) : value;
}

function methods(holder, path = []) {
  const found = [];
  for (const [name, resource] of Object.entries(holder)) {
    if (name.startsWith('_') || !resource?._client) continue;
    for (const method of Object.getOwnPropertyNames(Object.getPrototypeOf(resource))) {
      if (method !== 'constructor' && !method.startsWith('_')) found.push([...path, name, method].join('.'));
    }
    found.push(...methods(resource, [...path, name]));
  }
  return found;
}

async function join(session, key) {
  const headers = { Authorization: `Bearer ${key}`, 'X-Runway-Version': '2024-11-06' };
  const answer = await fetch(`${baseURL}/v1/realtime_sessions/${session}/consume`, { method: 'POST', headers });
  assert.equal(answer.status, 200);
}

async function followed(retrieve, ends, wanted) {
  const limit = Date.now() + LIMIT_MILLISECONDS;
  for (;;) {
    const answer = await retrieve();
    if (ends.includes(answer.status)) {
      assert.equal(answer.status, wanted, JSON.stringify(answer));
      return answer;
    }
    assert.ok(Date.now() < limit, JSON.stringify(answer));
    await sleep(POLL_MILLISECONDS);
  }
}

async function counted(pager) {
  let rows = 0;
  for await (const _ of pager) rows += 1;
  return rows;
}

async function called(step, kept) {
  const path = step.call.split('.');
  const method = path.pop();
  const resource = path.reduce((found, name) => found?.[name], client);
  if (typeof resource?.[method] !== 'function') {
    ok(`lacks ${step.call}`);
    return undefined;
  }
  const given = 'on' in step ? [filled(step.on, kept)] : [];
  if ('with' in step) given.push(filled(step.with, kept));
  const call = () => resource[method](...given);
  if (step.of === 'node') {
    await assert.rejects(counted(call()), (error) => error.message.includes(step.trap), step.call);
    ok(`trap ${step.call}: ${step.means} (\`${step.trap}\`)`);
    return undefined;
  }
  const answer = 'rows' in step ? assert.equal(await counted(call()), step.rows, step.call) : await settled(step, call);
  ok(`did ${step.call}`);
  return answer;
}

async function settled(step, call) {
  const asked = call();
  if ('status' in step) {
    const refusal = await asked.then(() => assert.fail(`${step.call} is not refused`), (error) => error);
    assert.equal(refusal.status, step.status, step.call);
    for (const [path, wanted] of Object.entries(step.says ?? {})) assert.equal(at(refusal.error, path), wanted, path);
    return undefined;
  }
  if ('wait' in step) {
    const ended = await asked.waitForTaskOutput({ timeout: LIMIT_MILLISECONDS });
    assert.equal(ended.status, step.wait);
    return ended;
  }
  const answer = await asked;
  if ('ends' in step) return followed(() => client.tasks.retrieve(answer.id), ENDS, step.ends);
  if ('until' in step) return followed(call, ['READY', 'FAILED'], step.until);
  return answer;
}

// CRC of a PNG chunk; `zlib.crc32` came with Node 20.15 and 22.2.
function checksum(data) {
  if (crc32) return crc32(data);
  let crc = ~0;
  for (const byte of data) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit += 1) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return ~crc >>> 0;
}

function smallPng(side) {
  const chunk = (name, data) => {
    const length = Buffer.alloc(4);
    const crc = Buffer.alloc(4);
    const body = Buffer.concat([Buffer.from(name), data]);
    length.writeUInt32BE(data.length);
    crc.writeUInt32BE(checksum(body));
    return Buffer.concat([length, body, crc]);
  };
  const header = Buffer.from([0, 0, 0, 0, 0, 0, 0, 0, 8, 2, 0, 0, 0]);
  header.writeUInt32BE(side, 0);
  header.writeUInt32BE(side, 4);
  const rows = Buffer.alloc(side * (1 + 3 * side));
  for (let index = 0; index < rows.length; index += 1) rows[index] = index % (1 + 3 * side) ? (index * 7) % 251 : 0;
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  return Buffer.concat([signature, chunk('IHDR', header), chunk('IDAT', deflateSync(rows)), chunk('IEND', Buffer.alloc(0))]);
}

for (const name of methods(client)) ok(`can ${name}`);
const kept = { file: new File([smallPng(320)], 'kite.png') };
for (const step of plan) {
  if ('join' in step) {
    await join(filled(step.join, kept), filled(step.key, kept));
    continue;
  }
  kept.last = await called(step, kept);
  if ('save' in step) kept[step.save] = kept.last;
  for (const [path, wanted] of Object.entries(kept.last ? (step.expect ?? {}) : {})) {
    assert.deepEqual(at(kept.last, path), wanted, `${step.call} ${path} ${JSON.stringify(kept.last)}`);
  }
}
