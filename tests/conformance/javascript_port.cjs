// The JavaScript client reaches port 443 only and takes a port inside HostName as part of the name.
// Where the harness may not listen on 443 it loads this file first (`node --require`): it hands the two parts of
// `host:port` to Node's own https.request separately. The client's files stay as they are installed.
'use strict';

const https = require('node:https');

const request = https.request;
https.request = function (options, ...rest) {
  const split = options && typeof options.host === 'string' && /^([^:]+):(\d+)$/.exec(options.host);
  const options_to_use = split ? { ...options, host: split[1], port: Number(split[2]) } : options;
  return request.call(https, options_to_use, ...rest);
};
