// Preloaded by `node --require`: what the SDK's hard-coded https addresses reach is decided here, outside the package,
// as a hosts file and a TLS terminator would. Any other https host is refused, so nothing leaves the machine.
"use strict";

const http = require("node:http");
const https = require("node:https");
const { syncBuiltinESMExports } = require("node:module");

const HOSTS = new Set(["api.dingtalk.com", "oapi.dingtalk.com"]);
const sandbox = new URL(process.env.SANDBOX_URL);

function readArguments(args) {
  const rest = [...args];
  const first = rest.shift();
  let options;
  if (typeof first === "string" || first instanceof URL) {
    const url = new URL(first);
    options = { hostname: url.hostname, path: url.pathname + url.search };
    if (typeof rest[0] === "object" && rest[0] !== null) Object.assign(options, rest.shift());
  } else {
    options = { ...first };
  }
  return [options, rest[0]];
}

function request(...args) {
  const [options, callback] = readArguments(args);
  const host = options.hostname || options.host;
  if (!HOSTS.has(host)) throw new Error(`redirect: https://${host} is not DingTalk`);
  const headers = { ...options.headers, Host: host };
  for (const name of ["href", "host", "agent", "agents", "nativeProtocols", "servername", "defaultPort"]) delete options[name];
  return http.request(
    { ...options, protocol: "http:", hostname: sandbox.hostname, port: sandbox.port, headers, setHost: false },
    callback,
  );
}

https.request = request;
https.get = (...args) => {
  const call = request(...args);
  call.end();
  return call;
};
syncBuiltinESMExports();
