// One conversation on one phone: the messages, the quick phrases and the line to write in.

import { api } from "./api.js";
import { arrange, avatar, button, fill, h, icon, robotAvatar } from "./dom.js";
import { received, typed } from "./message.js";
import { place } from "./store.js";
import { parts, when } from "./time.js";

const GAP = 5 * 60_000; // milliseconds of silence after which the time is shown again
const NEWS = 8000; // milliseconds the word about a changed card stays
const DRAWN = 200; // messages kept on the screen
const PHRASES = ["帮助", "公海", "今天", "我的客户"];
const GROUP_PHRASES = ["公海", "帮助"];

export class ChatView {
  #nodes = new Map(); // key → {node, card}
  #cardsInView;
  #stuck = true;

  constructor(store, phone, conversation) {
    this.store = store;
    this.phone = phone;
    this.userid = phone.userid;
    this.conversation = conversation;
    this.inGroup = conversation !== "bot";
    this.group = this.inGroup ? store.group(conversation) : null;
    this.name = this.inGroup ? (this.group?.name ?? "群聊") : "CRM 助手";
    this.host = {
      open: (url) => phone.open(url, this.conversation),
      say: (text) => this.send(text),
      toast: (text, kind) => phone.toast(text, kind),
      moved: () => this.#stick(),
      news: (node, line) => this.#news(node, line),
    };
    this.#cardsInView = new IntersectionObserver((entries) => this.#seen(entries), { rootMargin: "80px" });
    this.#build();
    this.sync();
  }

  #build() {
    this.log = h("div", { class: "log", role: "log", "aria-label": `与${this.name}的聊天`, "aria-live": "polite", tabindex: "0" });
    this.log.addEventListener("scroll", () => {
      this.#stuck = this.log.scrollHeight - this.log.scrollTop - this.log.clientHeight < 60;
      if (this.#stuck) this.below.hidden = true;
    });
    this.sizes = new ResizeObserver(() => this.#stick());
    this.sizes.observe(this.log);
    this.below = button("看最新消息", { class: "below", hidden: true, on: { click: () => { this.#stuck = true; this.#stick(); } } }, icon("down"), "新消息");
    this.subtitle = h("small", { text: this.inGroup ? `${this.group?.members?.length ?? 0} 人` : "机器人" });
    this.input = h("textarea", { class: "line", rows: "1", placeholder: this.inGroup ? "发消息（会@CRM 助手）" : "发消息", "aria-label": this.inGroup ? `发到${this.name}，会@CRM 助手` : "发消息给 CRM 助手", enterkeyhint: "send" });
    this.input.addEventListener("input", () => this.#grow());
    this.input.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      this.#sendLine();
    });
    this.sendButton = button("发送", { class: "send", on: { click: () => this.#sendLine() } }, icon("send"));
    this.extra = h("div", { class: "extra", hidden: true, role: "group", "aria-label": "更多" }, this.#extras());
    this.more = button("更多：语音、图片、文件、签到", { class: "round", "aria-expanded": "false", on: { click: () => this.#toggleExtra() } }, icon("plus"));
    const phrases = this.inGroup ? GROUP_PHRASES : PHRASES;
    this.chips = h(
      "div", { class: "chips", role: "group", "aria-label": "快捷短语" },
      phrases.map((text) => h("button", { type: "button", text, on: { click: () => this.send(text) } })),
      this.inGroup ? null : h("button", { type: "button", text: "跟进 …", on: { click: () => this.#startFollowUp() } }),
    );
    this.node = h(
      "section", { class: "view chat", "aria-label": this.name },
      h("header", { class: "bar" }, button("返回", { class: "round", on: { click: () => this.phone.home() } }, icon("back")), h("div", { class: "bartitle" }, h("h2", { text: this.name }), this.subtitle), this.inGroup ? h("span", { class: "barside" }, icon("group")) : h("span", { class: "barside" }, icon("robot"))),
      h("div", { class: "logbox" }, this.log, (this.newsplace = h("div", { class: "newsplace", role: "status" })), this.below),
      h("footer", { class: "composer" }, this.chips, h("div", { class: "writing" }, this.inGroup ? null : button("说一段语音", { class: "round", on: { click: () => this.#voice() } }, icon("mic")), this.input, this.more, this.sendButton), this.extra),
    );
    this.#grow();
  }

  #extras() {
    const choose = (accept, kind) => {
      const picker = h("input", { type: "file", accept, hidden: true });
      picker.addEventListener("change", () => picker.files[0] && this.#sendFile(picker.files[0], kind));
      return picker;
    };
    const image = choose("image/*", "image");
    const file = choose("", "file");
    const tile = (label, name, run) => button(label, { class: "tile", on: { click: run } }, icon(name), h("span", { text: label }));
    const all = [image, tile("图片", "image", () => image.click())];
    if (!this.inGroup) all.push(file, tile("文件", "file", () => file.click()), tile("语音", "mic", () => this.#voice()), tile("签到", "pin", () => this.#checkIn()));
    return all;
  }

  #toggleExtra(open = this.extra.hidden) {
    this.extra.hidden = !open;
    this.more.setAttribute("aria-expanded", String(open));
  }

  #grow() {
    this.input.style.height = "auto";
    this.input.style.height = `${Math.min(112, this.input.scrollHeight)}px`;
    const words = this.input.value.trim();
    this.sendButton.disabled = !words;
    this.node?.classList.toggle("haswords", Boolean(words));
  }

  prefill(text) {
    this.input.value = text;
    this.#grow();
    this.input.focus();
    this.input.setSelectionRange(text.length, text.length);
  }

  #startFollowUp() {
    const name = this.store.claimed;
    this.prefill(name ? `跟进 ${name} 电话 聊了报价，下周三下午3点再联系` : "跟进 ");
  }

  // --- sending

  #sendLine() {
    const text = this.input.value.trim();
    if (!text) return;
    this.input.value = "";
    this.#grow();
    this.#toggleExtra(false);
    this.send(text);
  }

  async send(text) {
    await this.#say({ text }, { kind: "text", text });
  }

  async #say(content, shown) {
    this.#stuck = true;
    const usual = this.subtitle.textContent;
    if (!this.inGroup) this.subtitle.textContent = "正在输入…";
    await this.store.say(this.userid, this.conversation, content, shown);
    if (!this.inGroup) this.subtitle.textContent = usual === "正在输入…" ? "机器人" : usual;
  }

  async #sendFile(file, kind) {
    this.#toggleExtra(false);
    try {
      const { id } = await api.upload(file);
      const content = kind === "image" ? { picture: { file: id } } : { file: { file: id, name: file.name } };
      await this.#say(content, { kind, file: { id, name: file.name } });
    } catch (problem) {
      this.phone.toast(`没有发出去：${problem.message}`, "warn");
    }
  }

  #voice() {
    this.#toggleExtra(false);
    const words = h("textarea", { class: "input", rows: "3", placeholder: "例如：跟进华东精密，刚通过电话，对方要下周三看样品", "aria-label": "这段语音说了什么" });
    const done = () => {
      const text = words.value.trim();
      if (!text) return words.focus();
      close();
      const millis = Math.min(60_000, Math.max(1000, [...text].length * 220));
      return this.#say({ audio: { recognition: text, duration_ms: millis } }, { kind: "voice", text, millis });
    };
    words.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
        event.preventDefault();
        done();
      }
    });
    const close = this.phone.sheet("说一段语音", [
      h("p", { class: "sheethint", text: "这里没有麦克风：写下你会说的话，它会作为语音连同识别出来的文字发出。" }), words, button("发送语音", { class: "cardbutton primary wide", on: { click: done } }),
    ]);
    words.focus();
  }

  /** 签到 is DingTalk's own, beside the chat: the app hears of it by an event. */
  #checkIn() {
    this.#toggleExtra(false);
    const field = (label, value, type = "text") => h("input", { class: "input", type, value, step: type === "number" ? "0.000001" : null, "aria-label": label, placeholder: label });
    const place = field("地点", "望春工业园 3 号楼");
    const longitude = field("经度", "121.490000", "number");
    const latitude = field("纬度", "29.870000", "number");
    const remark = field("备注：见了谁、聊了什么", "");
    const done = async () => {
      if (!longitude.value || !latitude.value) return longitude.focus();
      try {
        await api.checkIn({ as: this.userid, longitude: Number(longitude.value), latitude: Number(latitude.value), place: place.value.trim(), remark: remark.value.trim() });
        close();
        this.phone.toast("签到成功");
      } catch (problem) {
        this.phone.toast(`没有签到：${problem.message}`, "warn");
      }
      return undefined;
    };
    const close = this.phone.sheet("签到", [
      h("p", { class: "sheethint", text: "这里没有定位：写下你在哪里，就像钉钉的「签到」那样。" }), place, longitude, latitude, remark, button("签到", { class: "cardbutton primary wide", on: { click: done } }),
    ]);
    remark.focus();
  }

  // --- drawing

  #entries() {
    const items = this.store.items(this.userid).filter((item) => place(item) === this.conversation).map((item) => ({ key: `i${item.seq}`, order: item.seq, at: Date.parse(item.at), item }));
    const mine = (entry) => entry.to === this.conversation && (this.inGroup ? true : entry.from === this.userid);
    const said = this.store.said.filter(mine).map((entry, n) => ({ key: `s${entry.id}`, order: entry.after + 0.5 + n / 10_000, at: Date.parse(entry.at), entry }));
    return [...items, ...said].sort((a, b) => a.order - b.order).slice(-DRAWN);
  }

  sync() {
    const entries = this.#entries();
    const now = this.store.now();
    const wanted = [];
    let last = 0;
    let day = "";
    for (const one of entries) {
      const date = parts(one.at)?.date ?? "";
      if (Math.abs(one.at - last) > GAP || date !== day) wanted.push(this.#keep(`t${one.key}`, when(one.at, now), () => ({ node: h("time", { class: "gap", text: when(one.at, now) }) })));
      last = one.at;
      day = date;
      if (one.item) wanted.push(this.#keep(one.key, "", () => received(this.store, this.host, this.userid, one.item, this.inGroup)));
      else wanted.push(this.#keep(one.key, `${one.entry.state}${one.entry.error ?? ""}`, () => ({ node: typed(this.store, this.host, one.entry, one.entry.from === this.userid) })));
    }
    if (!entries.length) wanted.push(this.#keep("empty", "", () => ({ node: this.#empty() })));
    const keys = new Set(wanted.map((kept) => kept.key));
    for (const [key, kept] of this.#nodes) {
      if (keys.has(key)) continue;
      if (kept.card) this.#forget(kept);
      this.#nodes.delete(key);
    }
    const before = this.log.lastElementChild;
    arrange(this.log, wanted.map((kept) => kept.node));
    const newest = entries.at(-1);
    if (newest?.entry?.from === this.userid && newest.entry.state === "sending") this.#stuck = true;
    if (this.#stuck) this.#stick();
    else if (before && before !== this.log.lastElementChild) this.below.hidden = false;
    if (this.phone.isShowing(this.conversation)) this.store.markRead(this.userid, this.conversation);
  }

  #keep(key, version, make) {
    const known = this.#nodes.get(key);
    if (known && known.version === version) return known;
    const made = { key, version, card: null, ...make() };
    this.#nodes.set(key, made);
    if (made.card) {
      made.inView = false;
      made.card.node.dataset.key = key;
      this.#cardsInView.observe(made.card.node);
      this.sizes.observe(made.card.node);
    }
    return made;
  }

  #seen(entries) {
    for (const entry of entries) {
      const kept = this.#nodes.get(entry.target.dataset.key);
      if (!kept?.card || kept.inView === entry.isIntersecting) continue;
      kept.inView = entry.isIntersecting;
      this.store.sight(kept.card.otid, this.userid, kept.inView);
    }
  }

  #forget(kept) {
    this.#cardsInView.unobserve(kept.card.node);
    this.sizes.unobserve(kept.card.node);
    if (kept.inView) this.store.sight(kept.card.otid, this.userid, false);
  }

  redrawCard(otid) {
    for (const kept of this.#nodes.values()) if (kept.card?.otid === otid) kept.card.draw();
  }

  #empty() {
    const tries = this.inGroup ? GROUP_PHRASES : PHRASES;
    return h(
      "div", { class: "empty" }, this.inGroup ? avatar(this.name, this.conversation, "big") : robotAvatar("big"),
      h("h3", { text: this.inGroup ? `在「${this.name}」里@CRM 助手` : "我是 CRM 助手" }),
      h("p", { text: this.inGroup ? "群里的人都会看到回答。试试：" : "打一句话就能查客户、领公海、记跟进。试试：" }),
      h("div", { class: "tries" }, tries.map((text) => h("button", { type: "button", text, on: { click: () => this.send(text) } }))),
    );
  }

  #stick() {
    if (!this.#stuck) return;
    this.below.hidden = true;
    requestAnimationFrame(() => { this.log.scrollTop = this.log.scrollHeight; });
  }

  /** Somebody changed a card whose head is out of sight: say what is new, and lead there. */
  #news(node, line) {
    if (!line || node.getBoundingClientRect().top >= this.log.getBoundingClientRect().top) return;
    const pill = button(`卡片有更新：${line}`, { class: "news", on: { click: () => { pill.remove(); this.#stuck = false; node.scrollIntoView({ block: "start", behavior: "smooth" }); } } });
    fill(this.newsplace, pill);
    setTimeout(() => pill.remove(), NEWS);
  }

  shown() {
    this.#stuck = true;
    this.sync();
    this.#stick();
  }

  close() {
    for (const kept of this.#nodes.values()) if (kept.card) this.#forget(kept);
    this.#cardsInView.disconnect();
    this.sizes.disconnect();
    fill(this.log);
  }
}
