// The hub's page in headless Chromium: what a person sees and clicks.
'use strict';

const fs = require('node:fs');
const http = require('node:http');
const os = require('node:os');
const path = require('node:path');
const { chromium } = require('playwright-core');
const { test, run, admin, assert } = require('./javascript_report.cjs');
const { Registry } = require('azure-iothub');

// The page is a test's subject, not the port question: host and port are split here, whatever the other programs do.
require('./javascript_port.cjs');
const registry = Registry.fromConnectionString(process.env.IOTHUB_CONNECTION_STRING);
const endpoint = process.env.CONFORMANCE_ENDPOINT;
const pictures = process.env.CONFORMANCE_PICTURES;
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'iothub-page-'));
const container = 'file://' + folder;
let browser, page;
const problems = [];

async function open() {
  if (page) return;
  browser = await chromium.launch({
    executablePath: process.env.CONFORMANCE_CHROMIUM,
    args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-component-update', '--disable-sync', '--no-first-run'],
  });
  const context = await browser.newContext({ ignoreHTTPSErrors: true, viewport: { width: 1200, height: 1000 } });
  page = await context.newPage();
  page.on('request', (request) => { if (!request.url().startsWith(endpoint) && !request.url().startsWith('data:')) problems.push('asked for ' + request.url()); });
  page.on('pageerror', (error) => problems.push('script: ' + error.message));
  page.on('console', (message) => { if (message.type() === 'error') problems.push('console: ' + message.text()); });
  await page.goto(endpoint + '/');
}

const waitFor = (text, where = 'body') => page.locator(where, { hasText: text }).first().waitFor({ timeout: 10_000 });

test('the page counts the registry as it changes', async () => {
  await open();
  await waitFor('live', '#state');
  assert.equal(await page.locator('#devices').textContent(), '0');
  await registry.addDevices([1, 2, 3].map((n) => ({ deviceId: `page-${n}`, status: n === 3 ? 'disabled' : 'enabled' })));
  await page.waitForFunction(() => document.getElementById('devices').textContent === '3');
  await page.waitForFunction(() => document.getElementById('disabled').textContent === '1');
});

test('a job is seen at work and then done', async () => {
  await open();
  const job = await registry.exportDevicesToBlob(container, true);
  await admin('POST', `/jobs/${job.jobId}/hold`);
  await waitFor(job.jobId, '#jobs');
  await page.waitForFunction(() => document.getElementById('active').textContent === '1');
  await admin('POST', `/jobs/${job.jobId}/resume`);
  await page.locator('#jobs td.completed').waitFor({ timeout: 10_000 });
  assert.equal(await page.locator('#jobs [role=progressbar]').first().getAttribute('aria-valuenow'), '100');
});

test('recent requests show operation and response, and no secret', async () => {
  await open();
  await registry.get('page-none').catch(() => {});
  await waitFor('DeviceNotFound', '#requests');
  await waitFor('Jobs_CreateImportExportJob', '#requests');
  const text = await page.locator('#requests').textContent();
  assert.ok(!/sig=(?!\*|…|REDACTED|masked)/i.test(text), 'a signature is shown');
});

test('the lines to copy name this hub, for each client', async () => {
  await open();
  for (const label of ['iothub-jobs', 'Rust', 'Python', 'JavaScript', 'az', 'curl']) {
    await page.getByRole('tab', { name: label, exact: true }).click();
    const lines = await page.locator('#lines').textContent();
    assert.ok(/HostName=|Authorization: SharedAccessSignature/.test(lines), `${label}: ${lines}`);
    assert.ok(/\.pem|\.crt/.test(lines), `${label} names the CA file`);
  }
  await page.getByRole('button', { name: 'Copy' }).click();
  await page.getByRole('button', { name: 'Copied' }).waitFor();
});

test('the line for curl works as it is', async () => {
  await open();
  await page.getByRole('tab', { name: 'curl', exact: true }).click();
  const line = await page.locator('#lines').textContent();
  const { execFileSync } = require('node:child_process');
  const printed = execFileSync('bash', ['-c', line + ' --silent --fail'], { encoding: 'utf8' });
  assert.ok(Array.isArray(JSON.parse(printed)));
});

test('a page of another origin gets 403 for everything it sends, and nothing is done', async () => {
  await open();
  const server = http.createServer((request, response) => response.setHeader('Content-Type', 'text/html').end('<title>foreign</title>'));
  await new Promise((listening) => server.listen(0, '127.0.0.1', listening));
  const context = await browser.newContext({ ignoreHTTPSErrors: true });
  const foreign = await context.newPage();
  const statuses = [];
  foreign.on('response', (response) => {
    if (response.url().startsWith(endpoint)) statuses.push(`${response.request().method()} ${new URL(response.url()).pathname} ${response.status()}`);
  });
  await foreign.goto(`http://127.0.0.1:${server.address().port}/`);
  const job = JSON.stringify({ type: 'import', inputBlobContainerUri: container, outputBlobContainerUri: container });
  const sent = await foreign.evaluate(async ([endpoint, job]) => {
    const version = '?api-version=2021-04-12';
    const requests = [
      ['/jobs/create' + version, { method: 'POST', mode: 'no-cors', headers: { 'Content-Type': 'text/plain' }, body: job }],
      ['/jobs/create' + version, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: job }],
      ['/jobs' + version, {}],
      ['/jobs' + version, { mode: 'no-cors' }],
      ['/devices/page-1' + version, { method: 'DELETE' }],
      ['/_local/reset', { method: 'POST', mode: 'no-cors' }],
      ['/_local/overview', { mode: 'no-cors' }],
      ['/healthz', { mode: 'no-cors' }],
    ];
    for (const [path, options] of requests) await fetch(endpoint + path, options).catch(() => {});
    const element = (name, set) => new Promise((done) => {
      const made = document.createElement(name);
      made.onload = made.onerror = done;
      set(made);
      document.body.append(made);
    });
    await element('script', (made) => { made.src = endpoint + '/jobs' + version; });
    await element('img', (made) => { made.src = endpoint + '/_local/overview'; });
    return requests.length + 2;
  }, [endpoint, job]);
  await foreign.waitForTimeout(200);
  await context.close();
  server.close();
  // The browser itself withholds what its own check before the request was rejected for; these it sends at once.
  for (const line of ['POST /jobs/create', 'GET /jobs', 'POST /_local/reset', 'GET /_local/overview', 'GET /healthz']) {
    assert.ok(statuses.includes(`${line} 403`), `${line} is not among the ${statuses.length} responses to ${sent} requests: ${statuses}`);
  }
  assert.deepEqual(statuses.filter((line) => !line.endsWith(' 403')), []);
  await waitFor('live', '#state');
  await page.waitForFunction(() => document.getElementById('devices').textContent === '3');
});

test('the page sends requests to the hub only and reports no problem', async () => {
  await open();
  await page.screenshot({ path: path.join(pictures, 'page.png'), fullPage: true });
  await page.emulateMedia({ colorScheme: 'dark' });
  await page.screenshot({ path: path.join(pictures, 'page-dark.png'), fullPage: true });
  assert.deepEqual(problems, []);
  await browser.close();
  fs.rmSync(folder, { recursive: true });
});

run();
