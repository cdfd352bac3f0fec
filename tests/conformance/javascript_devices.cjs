// Registry, twins, configurations and queries through the JavaScript client, unmodified.
'use strict';

const { Registry } = require('azure-iothub');
const { test, run, rejected, admin, assert } = require('./javascript_report.cjs');

const connection = process.env.IOTHUB_CONNECTION_STRING;
const registry = Registry.fromConnectionString(connection);
const status = (result) => result.httpResponse.statusCode;

test('a device without keys gets two', async () => {
  const made = await registry.create({ deviceId: 'js-1', status: 'enabled' });
  assert.equal(status(made), 200);
  const { primaryKey, secondaryKey } = made.responseBody.authentication.symmetricKey;
  assert.ok(Buffer.from(primaryKey, 'base64').length >= 16);
  assert.notEqual(primaryKey, secondaryKey);
});

test('empty keys are generated too', async () => {
  const made = await registry.create({
    deviceId: 'js-2', authentication: { symmetricKey: { primaryKey: '', secondaryKey: '' } },
  });
  assert.ok(made.responseBody.authentication.symmetricKey.primaryKey.length > 20);
});

test('thumbprints make a self-signed device', async () => {
  const made = await registry.create({
    deviceId: 'js-x509', authentication: { x509Thumbprint: { primaryThumbprint: 'B'.repeat(40) } },
  });
  assert.equal(made.responseBody.authentication.type, 'selfSigned');
});

test('a second create is DeviceAlreadyExistsError', () =>
  rejected('DeviceAlreadyExistsError', 409, () => registry.create({ deviceId: 'js-1' })));

test('get, update and delete', async () => {
  const device = (await registry.get('js-2')).responseBody;
  // This client sends `"*"`, whatever etag the device carries.
  for (const status of ['disabled', 'enabled']) {
    const updated = await registry.update({ deviceId: 'js-2', status, etag: device.etag });
    assert.equal(updated.responseBody.status, status);
  }
  assert.equal(status(await registry.delete('js-2')), 204);
  const gone = await rejected('DeviceNotFoundError', 404, () => registry.get('js-2'));
  assert.match(gone.message, /js-2|registered|found/i);
});

test('devices are listed at the path with a slash', async () => {
  const listed = (await registry.list()).responseBody;
  assert.ok(Array.isArray(listed));
  assert.ok(listed.some((device) => device.deviceId === 'js-1'));
});

test('ids with reserved characters survive', async () => {
  const deviceId = "js-:.+%_#*?!(),=@;$'z";
  await registry.create({ deviceId });
  assert.equal((await registry.get(deviceId)).responseBody.deviceId, deviceId);
  await registry.delete(deviceId);
});

test('bulk add, update and remove with the modes it writes', async () => {
  const devices = [0, 1, 2].map((n) => ({ deviceId: `js-bulk-${n}`, status: 'enabled' }));
  assert.deepEqual((await registry.addDevices(devices)).responseBody.isSuccessful, true);
  const got = (await registry.get('js-bulk-0')).responseBody;
  assert.equal((await registry.updateDevices([{ ...got, status: 'disabled' }], false)).responseBody.isSuccessful, true);
  assert.equal((await registry.get('js-bulk-0')).responseBody.status, 'disabled');
  assert.equal((await registry.removeDevices([{ deviceId: 'js-bulk-2', status: 'enabled' }], true)).responseBody.isSuccessful, true);
  await rejected('DeviceNotFoundError', 404, () => registry.get('js-bulk-2'));
});

test('a bulk failure is an ArgumentError with the rows in its body', async () => {
  const error = await rejected('ArgumentError', 400, () => registry.addDevices([{ deviceId: 'js-bulk-0', status: 'enabled' }]));
  const body = JSON.parse(error.responseBody);
  assert.equal(body.isSuccessful, false);
  assert.equal(body.errors[0].deviceId, 'js-bulk-0');
});

test('twins are read, patched and checked by etag', async () => {
  const first = (await registry.getTwin('js-1')).responseBody;
  const patched = (await registry.updateTwin('js-1', { tags: { site: 'north', floor: 2 }, properties: { desired: { fw: '1' } } }, first.etag)).responseBody;
  assert.deepEqual(patched.tags, { site: 'north', floor: 2 });
  await rejected('InvalidEtagError', 412, () => registry.updateTwin('js-1', { tags: { x: 1 } }, first.etag));
  const other = (await registry.updateTwin('js-1', { tags: { floor: null } }, '*')).responseBody;
  assert.deepEqual(other.tags, { site: 'north' });
  assert.equal(other.properties.desired.fw, '1');
  await patched.update({ tags: { more: true } }).catch((error) => assert.equal(error.name, 'InvalidEtagError'));
});

test('modules come and go', async () => {
  const made = await registry.addModule({ deviceId: 'js-1', moduleId: 'm1', managedBy: 'operator' });
  assert.equal(made.responseBody.moduleId, 'm1');
  assert.deepEqual((await registry.getModulesOnDevice('js-1')).responseBody.map((m) => m.moduleId), ['m1']);
  const twin = (await registry.updateModuleTwin('js-1', 'm1', { tags: { a: 1 } }, '*')).responseBody;
  assert.deepEqual(twin.tags, { a: 1 });
  assert.equal(status(await registry.removeModule('js-1', 'm1')), 204);
});

test('configurations come and go', async () => {
  await registry.addConfiguration({
    id: 'js-conf', content: { deviceContent: { 'properties.desired.x': 1 } }, targetCondition: "tags.site='north'", priority: 1,
  });
  const made = (await registry.getConfiguration('js-conf')).responseBody;
  assert.equal(made.priority, 1);
  await registry.updateConfiguration({ ...made, priority: 9 });
  assert.equal((await registry.getConfiguration('js-conf')).responseBody.priority, 9);
  assert.ok((await registry.getConfigurations()).responseBody.some((c) => c.id === 'js-conf'));
  await registry.removeConfiguration('js-conf');
});

test('query pages until the header is absent', async () => {
  const query = registry.createQuery("SELECT * FROM devices WHERE STARTS_WITH(deviceId, 'js-bulk-')", 1);
  const seen = [];
  while (query.hasMoreResults) {
    const page = await query.nextAsTwin();
    seen.push(...page.result.map((twin) => twin.deviceId));
    assert.ok(seen.length <= 2, `too many pages: ${seen}`);
  }
  assert.deepEqual(seen.sort(), ['js-bulk-0', 'js-bulk-1']);
});

test('a projection and an aggregate are plain rows', async () => {
  const one = (await registry.createQuery("SELECT deviceId, tags.site AS site FROM devices WHERE tags.site = 'north' AND deviceId = 'js-1'").next()).result;
  assert.deepEqual(one, [{ deviceId: 'js-1', site: 'north' }]);
  const count = (await registry.createQuery("SELECT COUNT() AS n FROM devices WHERE STARTS_WITH(deviceId, 'js-bulk-')").next()).result;
  assert.deepEqual(count, [{ n: 2 }]);
});

test('a query it cannot read is an ArgumentError', () =>
  rejected('ArgumentError', 400, () => registry.createQuery('SELECT FROM WHERE').next()));

test('statistics', async () => {
  const count = (await registry.getRegistryStatistics()).responseBody;
  assert.equal(count.totalDeviceCount, count.enabledDeviceCount + count.disabledDeviceCount);
});

test('a wrong key is UnauthorizedError', () => {
  const wrong = Registry.fromConnectionString(connection.replace(/SharedAccessKey=.*/, 'SharedAccessKey=' + Buffer.from('wrong wrong wrong wrong').toString('base64')));
  return rejected('UnauthorizedError', 401, () => wrong.list());
});

test('each refusal has the class of its status', async () => {
  for (const [code, name, errorCode] of [
    [429, 'ThrottlingError', 'ThrottlingException'],
    [500, 'InternalServerError', 'ServerError'],
    [503, 'ServiceUnavailableError', 'ServiceUnavailable'],
    [404, 'IotHubNotFoundError', 'IotHubNotFound'],
  ]) {
    const action = { kind: 'respond', status: code, errorCode };
    await admin('PUT', '/faults', { rules: [{ operation: 'Devices_GetIdentity', times: 1, action }] });
    await rejected(name, code, () => registry.get('js-1'));
  }
});

run();
