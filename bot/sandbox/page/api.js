// The sandbox's control plane, and nothing else: every request of the page is made here.

const BASE = "/sandbox/v1";

/** A refusal of the control plane, or (status 0) no answer at all. */
export class ApiError extends Error {
  constructor(status, code, message) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

async function call(method, path, body = undefined, signal = undefined) {
  const options = { method, signal, cache: "no-store" };
  if (body instanceof FormData) options.body = body;
  else if (typeof body === "string") {
    options.body = body;
    options.headers = { "Content-Type": "application/json" };
  } else if (body !== undefined) {
    options.body = JSON.stringify(body);
    options.headers = { "Content-Type": "application/json" };
  }
  let response;
  try {
    response = await fetch(BASE + path, options);
  } catch (problem) {
    if (problem.name === "AbortError") throw problem;
    throw new ApiError(0, "offline", "连不上本地钉钉");
  }
  const text = await response.text();
  let answer = null;
  try {
    answer = text ? JSON.parse(text) : null;
  } catch {
    answer = null;
  }
  if (!response.ok) {
    throw new ApiError(response.status, answer?.code ?? "error", answer?.message ?? `请求没有成功（${response.status}）`);
  }
  return answer;
}

const seg = encodeURIComponent;
const query = (values) => new URLSearchParams(Object.entries(values).filter(([, v]) => v !== undefined && v !== null)).toString();

export const api = {
  health: () => call("GET", "/health"),
  company: () => call("GET", "/company"),
  clock: () => call("GET", "/clock"),
  setClock: (body) => call("POST", "/clock", body),
  send: (message) => call("POST", "/messages", message),
  inbox: (userid, after, wait, signal) => call("GET", `/inbox/${seg(userid)}?${query({ after, wait, limit: 200 })}`, undefined, signal),
  read: (userid, seq) => call("POST", `/inbox/${seg(userid)}/read`, { seq }),
  card: (otid, userid) => call("GET", `/cards/${seg(otid)}?${query({ as: userid })}`),
  tap: (otid, body) => call("POST", `/cards/${seg(otid)}/tap`, body),
  checkIn: (body) => call("POST", "/checkins", body),
  h5: (userid, url) => call("POST", "/h5", { as: userid, url }),
  upload: (file) => {
    const form = new FormData();
    form.append("file", file, file.name);
    return call("POST", "/files", form);
  },
  fileAddress: (id) => `${BASE}/files/${seg(id)}`,
  quota: () => call("GET", "/quota"),
  calls: (after) => call("GET", `/calls?${query({ after })}`),
  pushes: (after) => call("GET", `/pushes?${query({ after })}`),
  notices: (after) => call("GET", `/notices?${query({ after })}`),
  addUser: (user) => call("POST", "/company/users", user),
  removeUser: (userid) => call("DELETE", `/company/users/${seg(userid)}`),
  connections: (body) => call("POST", "/connections", body),
  tokens: (body) => call("POST", "/tokens", body),
  addFault: (body) => call("POST", "/faults", body),
  clearFaults: () => call("DELETE", "/faults"),
  templates: () => call("GET", "/templates"),
  addTemplate: (source, name) => call("POST", `/templates?${query({ name, publish: 1 })}`, source),
  previewTemplate: (id, userid) => call("POST", `/templates/${seg(id)}/preview`, { as: userid }),
};
