// What the page knows: the company, each chosen person's inbox, what was typed here, the cards in sight, the clock.

import { api } from "./api.js";
import { sleep } from "./dom.js";
import { toIso } from "./time.js";

const CARD_EVERY = 1500; // milliseconds between looks at the cards in sight
const LONG_POLLS = 3; // browsers keep six connections to one host: more phones than this ask in turns
const SAID_KEPT = 400;

function read(key, fallback) {
  try {
    return JSON.parse(localStorage.getItem(key)) ?? fallback;
  } catch {
    return fallback;
  }
}

function write(key, value) {
  try {
    localStorage.setItem(key, JSON.stringify(value));
  } catch {
    // A full or forbidden storage costs the memory over a reload, nothing else.
  }
}

export class Store {
  #listeners = new Map();
  #offset = 0;
  #cards = new Map(); // "otid|userid" → {state, error, text}
  #sight = new Map(); // "otid|userid" → how many drawings of it are in view
  #busy = new Set(); // cards whose tap is under way: a poll must not overtake its answer
  #soon = null;

  constructor(boot) {
    this.boot = boot;
    this.company = { departments: [], users: [], groups: [] };
    this.people = new Map();
    this.boxes = new Map();
    this.online = true;
    this.health = { ready: false, connections: 0 };
    this.claimed = null; // the object of the last successful tap, offered as an example
    this.said = read(`dingcrm.said.${boot}`, []).map((entry) => (entry.state === "sending" ? { ...entry, state: "failed", error: "页面刷新时还没送到" } : entry));
    this.seen = read(`dingcrm.seen.${boot}`, {});
    for (const key of Object.keys(localStorage)) if (/^dingcrm\.(said|seen)\./.test(key) && !key.endsWith(`.${boot}`)) localStorage.removeItem(key);
  }

  on(event, run) {
    const list = this.#listeners.get(event) ?? new Set();
    this.#listeners.set(event, list.add(run));
    return () => list.delete(run);
  }

  emit(event, detail) {
    for (const run of [...(this.#listeners.get(event) ?? [])]) run(detail);
  }

  // --- start and health

  async start() {
    await this.reloadCompany();
    await this.#look();
    this.#watchHealth();
    this.#watchCards();
  }

  async reloadCompany() {
    this.company = await api.company();
    for (const user of this.company.users ?? []) this.people.set(user.userid, user);
    const present = new Set((this.company.users ?? []).map((user) => user.userid));
    for (const [userid, user] of this.people) this.people.set(userid, { ...user, gone: !present.has(userid) });
    this.emit("company");
  }

  async #look() {
    try {
      const health = await api.health();
      this.health = health;
      if (health.now) this.setNow(health.now);
      if (!this.online) location.reload(); // another start of the sandbox begins with empty inboxes
      this.emit("health");
    } catch (problem) {
      if (problem.status !== 0) return;
      this.online = false;
      this.emit("health");
    }
  }

  async #watchHealth() {
    for (;;) {
      await sleep(this.online ? 4000 : 1500);
      await this.#look();
    }
  }

  // --- clock

  setNow(iso) {
    const at = Date.parse(iso);
    if (Number.isFinite(at)) this.#offset = at - Date.now();
    this.emit("clock");
  }

  now() {
    return Date.now() + this.#offset;
  }

  // --- people

  person(userid) {
    return this.people.get(userid) ?? { userid, name: userid, departments: [], title: "", gone: true };
  }

  departmentNames(userid) {
    const names = new Map((this.company.departments ?? []).map((d) => [d.id, d.name]));
    return (this.person(userid).departments ?? []).map((id) => names.get(id)).filter(Boolean);
  }

  groupsOf(userid) {
    return (this.company.groups ?? []).filter((group) => (group.members ?? []).includes(userid));
  }

  group(id) {
    return (this.company.groups ?? []).find((group) => group.id === id) ?? null;
  }

  // --- inboxes

  /** Begin to follow a person's inbox; the last `unfollow` ends it. */
  follow(userid) {
    const known = this.boxes.get(userid);
    if (known) {
      known.users += 1;
      return;
    }
    const box = { items: [], next: 0, loaded: false, users: 1, live: true, stop: new AbortController() };
    this.boxes.set(userid, box);
    this.#run(userid, box);
  }

  unfollow(userid) {
    const box = this.boxes.get(userid);
    if (!box || (box.users -= 1) > 0) return;
    box.live = false;
    box.stop.abort();
    this.boxes.delete(userid);
  }

  items(userid) {
    return this.boxes.get(userid)?.items ?? [];
  }

  async #run(userid, box) {
    while (box.live) {
      const long = box.loaded && this.boxes.size <= LONG_POLLS && !document.hidden;
      try {
        const page = await api.inbox(userid, box.next, long ? 15 : 0, box.stop.signal);
        if (!box.live) return;
        const fresh = (page.items ?? []).filter((item) => !box.items.length || item.seq > box.items.at(-1).seq);
        box.items.push(...fresh);
        box.next = page.next ?? box.next;
        const first = !box.loaded;
        if (!fresh.length || fresh.length < 200) box.loaded = true;
        if (fresh.length || first) this.emit("inbox", { userid, fresh, first });
        if (fresh.length) this.refreshSoon();
        if (!long && box.loaded) await sleep(document.hidden ? 2500 : 600);
      } catch (problem) {
        if (problem.name === "AbortError") return;
        await sleep(1500);
      }
    }
  }

  lastSeq() {
    let last = 0;
    for (const box of this.boxes.values()) last = Math.max(last, box.items.at(-1)?.seq ?? 0);
    return last;
  }

  markRead(userid, conversation) {
    const last = this.items(userid).findLast((item) => place(item) === conversation)?.seq ?? 0;
    const key = `${userid}|${conversation}`;
    if ((this.seen[key] ?? 0) >= last) return;
    this.seen[key] = last;
    write(`dingcrm.seen.${this.boot}`, this.seen);
    api.read(userid, last).catch(() => {}); // read receipts are a courtesy: nothing here waits for them
    this.emit("read", { userid, conversation });
  }

  unread(userid, conversation) {
    const from = this.seen[`${userid}|${conversation}`] ?? 0;
    return this.items(userid).filter((item) => item.seq > from && place(item) === conversation).length;
  }

  // --- saying something

  /** Send as a person; `content` is what POST /messages takes besides from and to, `shown` how the bubble looks. */
  async say(userid, conversation, content, shown) {
    const entry = {
      id: `${Date.now()}-${Math.random().toString(36).slice(2, 8)}`, from: userid, to: conversation, after: this.lastSeq(), at: toIso(this.now()), state: "sending", content, ...shown,
    };
    this.said.push(entry);
    await this.#deliver(entry);
  }

  /** Something a card made the person say: DingTalk has sent it already. */
  noteSaid(userid, conversation, text) {
    this.said.push({ id: `${Date.now()}-${this.said.length}`, from: userid, to: conversation, after: this.lastSeq(), at: toIso(this.now()), state: "ok", kind: "text", text, content: { text } });
    this.#keepSaid();
  }

  noteClaim(name) {
    this.claimed = name;
    this.emit("claim");
  }

  async again(entry) {
    await this.#deliver(entry);
  }

  async #deliver(entry) {
    entry.state = "sending";
    this.#keepSaid();
    try {
      const answer = await api.send({ from: entry.from, to: entry.to, ...entry.content });
      const code = answer.ack?.code;
      entry.state = code === undefined ? "silent" : code === 200 ? "ok" : "refused";
      entry.elapsed = answer.ack?.elapsed_ms ?? null;
    } catch (problem) {
      entry.state = "failed";
      entry.error = problem.message;
    }
    this.#keepSaid();
    this.refreshSoon();
  }

  #keepSaid() {
    if (this.said.length > SAID_KEPT) this.said.splice(0, this.said.length - SAID_KEPT);
    write(`dingcrm.said.${this.boot}`, this.said.map(({ preview, ...rest }) => rest));
    this.emit("said");
  }

  // --- cards

  card(otid, userid) {
    return this.#cards.get(`${otid}|${userid}`) ?? null;
  }

  /** Note that a drawing of this card came into view (true) or left it. */
  sight(otid, userid, inView) {
    const key = `${otid}|${userid}`;
    const count = (this.#sight.get(key) ?? 0) + (inView ? 1 : -1);
    if (count > 0) this.#sight.set(key, count);
    else this.#sight.delete(key);
    if (inView) this.refreshCard(otid, userid);
  }

  async refreshCard(otid, userid) {
    const key = `${otid}|${userid}`;
    if (this.#busy.has(key)) return;
    try {
      const state = await api.card(otid, userid);
      if (!this.#busy.has(key)) this.setCard(otid, userid, state);
    } catch (problem) {
      if (problem.status === 404) this.setCard(otid, userid, null, problem.message);
    }
  }

  setCard(otid, userid, state, error = null) {
    const key = `${otid}|${userid}`;
    const text = JSON.stringify([state, error]);
    if (this.#cards.get(key)?.text === text) return;
    this.#cards.set(key, { state, error, text });
    this.emit("card", { otid, userid });
  }

  /** Tap a button or hand in a form; answers the contract's result. The card is redrawn from it. */
  async tap(otid, userid, body) {
    const key = `${otid}|${userid}`;
    this.#busy.add(key);
    try {
      const result = await api.tap(otid, { as: userid, ...body });
      if (result.card) this.setCard(otid, userid, result.card);
      return result;
    } finally {
      this.#busy.delete(key);
      this.refreshSoon();
    }
  }

  /** Look at all cards in sight shortly: something happened that may have changed them. */
  refreshSoon() {
    if (this.#soon) return;
    this.#soon = setTimeout(() => {
      this.#soon = null;
      this.#refreshAll();
    }, 150);
  }

  async #refreshAll() {
    const keys = [...this.#sight.keys()];
    const next = async () => {
      for (let key = keys.pop(); key; key = keys.pop()) {
        const cut = key.lastIndexOf("|");
        await this.refreshCard(key.slice(0, cut), key.slice(cut + 1));
      }
    };
    await Promise.all([next(), next()]);
  }

  async #watchCards() {
    for (;;) {
      await sleep(CARD_EVERY);
      if (!document.hidden && this.online) await this.#refreshAll();
    }
  }
}

/** Where an item is listed on the phone: a conversation's id, "work" or "todo". */
export function place(item) {
  if (item.kind === "todo" || item.via === "todo") return "todo";
  return item.conversation || "bot";
}
