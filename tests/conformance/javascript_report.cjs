// One JSON line on stdout per case: what the harness counts.
'use strict';

const assert = require('node:assert/strict');

const queue = [];

// Queues a case; `run` runs all of them in order, and a failing one does not stop the next.
function test(name, body) {
  queue.push({ name, body });
}

async function run() {
  await admin('POST', '/reset'); // each program starts on an empty hub
  for (const { name, body } of queue) {
    const line = { case: name, ok: true };
    try {
      await body();
    } catch (cause) {
      const where = /\(?([^/()]+:\d+):\d+\)?$/m.exec((cause.stack || '').split('\n').find((l) => l.includes(__dirname) && !l.includes('_report')) || '');
      Object.assign(line, { ok: false, detail: `${cause.name}: ${cause.message} [${where ? where[1] : '?'}]` });
    }
    process.stdout.write(JSON.stringify(line) + '\n');
  }
  process.exit(0);
}

// The call must be rejected with an error of this name (the client's own classes) and status.
async function rejected(name, status, call) {
  let response;
  try {
    response = await call();
  } catch (error) {
    assert.equal(error.name, name, `error class of: ${error.message}`);
    if (status) assert.equal((error.response || {}).statusCode, status);
    return error;
  }
  throw new assert.AssertionError({ message: `no ${name}; the call gave ${JSON.stringify((response || {}).responseBody)}` });
}

async function admin(method, path, body) {
  const response = await fetch(process.env.CONFORMANCE_ADMIN_ENDPOINT + path, {
    method,
    headers: { 'Content-Type': 'application/json' },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  assert.ok(response.ok, `${method} ${path}: ${response.status}`);
  return response;
}

module.exports = { test, run, rejected, admin, assert };
