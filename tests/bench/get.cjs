// Reads one job again and again with the vendor's JavaScript client and prints the microseconds of a call.
// The hub and the job are named by the environment; the CA by NODE_EXTRA_CA_CERTS, as Node wants it.
'use strict';

const assert = require('node:assert');
const { Registry } = require('azure-iothub');

const WARM = 500;
const CALLS = 2000;

async function main() {
  const registry = Registry.fromConnectionString(process.env.IOTHUB_CONNECTION_STRING);
  const job = process.env.BENCH_JOB;
  for (let n = 0; n < WARM; n += 1) await registry.getJob(job);
  const started = process.hrtime.bigint();
  for (let n = 0; n < CALLS; n += 1) assert.equal((await registry.getJob(job)).jobId, job);
  console.log(JSON.stringify({ micros: Number(process.hrtime.bigint() - started) / 1e3 / CALLS }));
}

main().catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
