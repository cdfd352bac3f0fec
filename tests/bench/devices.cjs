// What Node.js makes of a device file: `devices.cjs FILE` parses every line and prints one JSON object with the rows and the seconds.
'use strict';

const fs = require('node:fs');

function read(path) {
  const file = fs.openSync(path, 'r');
  const buffer = Buffer.allocUnsafe(1 << 20);
  let held = 0;
  let rows = 0;
  for (;;) {
    const count = fs.readSync(file, buffer, held, buffer.length - held, null);
    if (count === 0) return rows;
    const end = held + count;
    let from = 0;
    for (;;) {
      const at = buffer.subarray(0, end).indexOf(10, from);
      if (at < 0) break;
      JSON.parse(buffer.utf8Slice(from, at));
      rows += 1;
      from = at + 1;
    }
    buffer.copy(buffer, 0, from, end);
    held = end - from;
  }
}

const started = process.hrtime.bigint();
const rows = read(process.argv[2]);
const seconds = Number(process.hrtime.bigint() - started) / 1e9;
console.log(JSON.stringify({ rows, seconds }));
