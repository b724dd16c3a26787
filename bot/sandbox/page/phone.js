// One person's phone: status bar, tabs, conversation list, banners, sheets and the app's pages on top.

import { api } from "./api.js";
import { ChatView } from "./chat.js";
import { destination, gist } from "./decode.js";
import { avatar, button, fill, h, icon, robotAvatar, shape } from "./dom.js";
import { notice } from "./message.js";
import { place } from "./store.js";
import { parts, when, whenShort } from "./time.js";

const BANNER = 4200; // milliseconds a banner stays
const TOAST = 2600;
const TABS = [["chats", "消息", "chat"], ["work", "工作通知", "bell"], ["todo", "待办", "todo"], ["me", "我", "me"]];

function signs() {
  return shape(
    "svg", { viewBox: "0 0 62 14", class: "signs", "aria-hidden": "true" },
    ...[3, 5.5, 8, 10.5].map((tall, at) => shape("rect", { x: at * 4.6, y: 12 - tall, width: 3, height: tall, rx: 0.8, fill: "currentColor" })),
    shape("path", { d: "M23 5.4a7.5 7.5 0 0110 0M25 8a4.6 4.6 0 016 0M27.2 10.4a1.2 1.2 0 011.6 0", fill: "none", stroke: "currentColor", "stroke-width": 1.6, "stroke-linecap": "round" }),
    shape("rect", { x: 38.6, y: 2, width: 20, height: 10, rx: 3, fill: "none", stroke: "currentColor" }),
    shape("rect", { x: 40.2, y: 3.6, width: 14.5, height: 6.8, rx: 1.6, fill: "currentColor" }),
    shape("rect", { x: 59.8, y: 5, width: 1.6, height: 4, rx: 0.8, fill: "currentColor" }),
  );
}

export class Phone {
  #offs = [];
  #toastTimer = 0;
  #bannerTimer = 0;
  #chat = null;
  #tab = "chats";

  constructor(store, userid, host) {
    this.store = store;
    this.userid = userid;
    this.host = host; // {pick(phone), remove(phone), changed()}
    this.#build();
    store.follow(userid);
    const mine = (run) => (detail) => { if (!detail?.userid || detail.userid === userid) run(detail); };
    this.#offs.push(
      store.on("inbox", mine((detail) => this.#arrived(detail))),
      store.on("said", () => { this.#chat?.sync(); this.#list(); }),
      store.on("card", mine((detail) => this.#chat?.redrawCard(detail.otid))),
      store.on("read", mine(() => this.#list())),
      store.on("clock", () => this.tick()),
      store.on("company", () => this.#person()),
    );
    this.tick();
    this.#person();
    this.openChat("bot", false);
  }

  get name() {
    return this.store.person(this.userid).name;
  }

  #build() {
    this.clock = h("b", { class: "statustime" });
    this.banners = h("div", { class: "banners", "aria-live": "polite" });
    this.toasts = h("div", { class: "toasts", role: "status", "aria-live": "polite" });
    this.root = h("section", { class: "view root" });
    this.screen = h("div", { class: "screen" }, h("div", { class: "statusbar", "aria-hidden": "true" }, this.clock, h("span", { class: "island" }), signs()), h("div", { class: "views" }, this.root), this.banners, this.toasts);
    this.label = h("div", { class: "phonelabel" });
    this.node = h("section", { class: "phone" }, this.label, h("div", { class: "frame" }, this.screen));
    this.screen.addEventListener("keydown", (event) => {
      if (event.key !== "Escape") return;
      const top = [...this.screen.querySelectorAll(".overlay")].at(-1);
      if (top) top.dispatchEvent(new CustomEvent("dismiss"));
    });
  }

  #person() {
    const person = this.store.person(this.userid);
    const where = [this.store.departmentNames(this.userid).join("、"), person.title].filter(Boolean).join(" · ");
    this.node.setAttribute("aria-label", `${person.name}的手机`);
    fill(
      this.label, button(`换一个人，现在是${person.name}`, { class: "who", on: { click: () => this.host.pick(this) } }, avatar(person.name, this.userid, "small"), h("span", {}, h("b", { text: person.name }), h("small", { text: person.gone ? "已离职" : where })), icon("swap")),
      button(`收起${person.name}的手机`, { class: "round removephone", on: { click: () => this.host.remove(this) } }, icon("close")),
    );
    this.#list();
  }

  tick() {
    const text = parts(this.store.now())?.time ?? "";
    if (this.clock.textContent !== text) this.clock.textContent = text;
  }

  // --- tabs and lists

  unread() {
    return this.#conversations().reduce((sum, one) => sum + this.store.unread(this.userid, one.id), 0) + this.store.unread(this.userid, "todo");
  }

  #conversations() {
    const items = this.store.items(this.userid);
    const ids = ["bot", "work", ...this.store.groupsOf(this.userid).map((group) => group.id)];
    for (const item of items) if (!ids.includes(place(item)) && place(item) !== "todo") ids.push(place(item));
    return ids.map((id) => {
      const item = items.findLast((one) => place(one) === id);
      const said = id === "work" ? null : this.store.said.findLast((one) => one.to === id && (id !== "bot" || one.from === this.userid));
      const newer = said && (!item || said.after >= item.seq) ? said : null;
      const who = newer && newer.from !== this.userid ? `${this.store.person(newer.from).name}：` : "";
      return {
        id, name: id === "bot" ? "CRM 助手" : id === "work" ? "工作通知" : (this.store.group(id)?.name ?? "群聊"),
        last: newer ? who + (newer.kind === "text" ? newer.text : newer.kind === "voice" ? `[语音] ${newer.text}` : newer.kind === "image" ? "[图片]" : "[文件]") : item ? gist(item) : "", at: newer?.at ?? item?.at ?? null,
      };
    });
  }

  #list() {
    this.host.changed();
    if (this.#chat) {
      fill(this.root); // the chat covers it
      return;
    }
    const tabs = h(
      "nav", { class: "tabs", "aria-label": "底部菜单" },
      TABS.map(([id, name, sign]) => {
        const count = id === "chats" ? this.#conversations().filter((one) => one.id !== "work").reduce((sum, one) => sum + this.store.unread(this.userid, one.id), 0) : id === "me" ? 0 : this.store.unread(this.userid, id);
        return h("button", { type: "button", "aria-current": this.#tab === id ? "page" : null, "aria-label": count ? `${name}，${count} 条未读` : name, on: { click: () => this.tab(id) } }, icon(sign), h("span", { text: name }), badge(count));
      }),
    );
    const focused = this.root.contains(document.activeElement) ? document.activeElement.getAttribute("aria-label") : null;
    const scrolled = this.root.querySelector(".scroll")?.scrollTop ?? 0;
    fill(this.root, this.#tabView(), tabs);
    const scroll = this.root.querySelector(".scroll");
    if (scroll) scroll.scrollTop = scrolled;
    if (focused) [...this.root.querySelectorAll("[aria-label]")].find((node) => node.getAttribute("aria-label") === focused)?.focus();
  }

  #tabView() {
    const head = (title) => h("header", { class: "bar home" }, avatar(this.name, this.userid, "small"), h("h2", { text: title }));
    if (this.#tab === "chats") return [head("消息"), h("div", { class: "scroll" }, h("ul", { class: "conversations" }, this.#conversations().map((one) => this.#conversationRow(one))))];
    if (this.#tab === "me") return [head("我"), h("div", { class: "scroll" }, this.#me())];
    const items = this.store.items(this.userid).filter((item) => place(item) === this.#tab).slice(-60).reverse();
    const isWork = this.#tab === "work";
    const none = h("div", { class: "empty" }, icon(isWork ? "bell" : "todo"), h("h3", { text: isWork ? "还没有工作通知" : "没有待办" }), h("p", { text: isWork ? "到点的跟进提醒会出现在这里。记一条「明天再联系」的跟进，再把时钟拨到明天 09:00。" : "需要你处理的审批等会出现在这里。" }));
    const host = { open: (url) => this.open(url, "bot"), say: (text) => this.#sayToBot(text) };
    return [head(isWork ? "工作通知" : "待办"), h("div", { class: "scroll notices" }, items.length ? items.map((item) => [h("time", { class: "gap", text: when(item.at, this.store.now()) }), notice(this.store, host, item).node]) : none)];
  }

  #conversationRow(one) {
    const count = this.store.unread(this.userid, one.id);
    const picture = one.id === "bot" ? robotAvatar() : one.id === "work" ? h("span", { class: "avatar worksign", "aria-hidden": "true" }, icon("bell")) : h("span", { class: "avatar groupsign", "aria-hidden": "true" }, icon("group"));
    const fallback = one.id === "bot" ? "发一句「帮助」试试" : one.id === "work" ? "暂无通知" : "@CRM 助手 问一句";
    return h("li", {}, h(
      "button", { type: "button", "aria-label": `${one.name}${count ? `，${count} 条未读` : ""}`, on: { click: () => (one.id === "work" ? this.tab("work") : this.openChat(one.id)) } },
      picture, h("span", { class: "convtext" }, h("b", {}, one.name, one.id === "bot" ? h("i", { class: "chiplet", text: "机器人" }) : null), h("small", { text: one.last || fallback })), h("span", { class: "convside" }, h("time", { text: one.at ? whenShort(one.at, this.store.now()) : "" }), badge(count)),
    ));
  }

  #me() {
    const person = this.store.person(this.userid);
    const manager = person.manager ? this.store.person(person.manager).name : null;
    const facts = [["部门", this.store.departmentNames(this.userid).join("、")], ["职位", person.title], ["主管", manager], ["手机", person.mobile], ["工号", this.userid], ["所在的群", this.store.groupsOf(this.userid).map((g) => g.name).join("、")]].filter(([, value]) => value);
    return h(
      "div", { class: "me" }, h("div", { class: "mehead" }, avatar(person.name, this.userid, "big"), h("div", {}, h("h3", {}, person.name, person.dingtalk_admin ? h("span", { class: "tag tag-blue", text: "管理员" }) : null), h("p", { text: person.gone ? "已离职" : "在职" }))),
      h("dl", { class: "facts" }, facts.map(([name, value]) => [h("dt", { text: name }), h("dd", { text: value })])), button("换成别人的手机", { class: "cardbutton wide", on: { click: () => this.host.pick(this) } }),
    );
  }

  tab(id) {
    this.#tab = id;
    this.home();
    if (id === "work" || id === "todo") this.store.markRead(this.userid, id);
    this.#list();
  }

  isShowing(conversation) {
    return this.#chat?.conversation === conversation && this.node.isConnected && !this.node.classList.contains("away");
  }

  home() {
    if (!this.#chat) return;
    this.#chat.close();
    this.#chat.node.remove();
    this.#chat = null;
    this.#list();
  }

  openChat(conversation, focus = true) {
    if (this.#chat?.conversation !== conversation) {
      this.home();
      this.#tab = "chats";
      this.#chat = new ChatView(this.store, this, conversation);
      this.screen.querySelector(".views").append(this.#chat.node);
      this.#list();
    }
    this.#chat.shown();
    if (focus && matchMedia("(hover: hover)").matches) this.#chat.input.focus({ preventScroll: true });
    return this.#chat;
  }

  /** The phone came into sight on a narrow screen. */
  shown() {
    this.#chat?.shown();
  }

  #sayToBot(text) {
    this.openChat("bot").send(text);
  }

  say(text) {
    this.closeOverlays();
    return this.openChat("bot").send(text);
  }

  prefill(text) {
    this.closeOverlays();
    this.openChat("bot").prefill(text);
  }

  // --- what arrives

  #arrived({ fresh, first }) {
    this.#chat?.sync();
    if (this.#tab === "work" && !this.#chat) this.store.markRead(this.userid, "work");
    if (this.#tab === "todo" && !this.#chat) this.store.markRead(this.userid, "todo");
    this.#list();
    if (first) return;
    const item = fresh.findLast((one) => !this.isShowing(place(one)) && !(this.#tab === place(one) && !this.#chat));
    if (item) this.#banner(item);
  }

  #banner(item) {
    const where = place(item);
    const name = where === "work" ? "工作通知" : where === "todo" ? "待办" : where === "bot" ? "CRM 助手" : (this.store.group(where)?.name ?? "群聊");
    const go = () => {
      this.#dropBanner();
      this.closeOverlays();
      if (where === "work" || where === "todo") this.tab(where);
      else this.openChat(where);
    };
    const title = item.title || name;
    const words = gist(item);
    const node = h(
      "button", { type: "button", class: "banner", "aria-label": `${name}：${words}`, on: { click: go } },
      robotAvatar("small"), h("span", { class: "bannertext" }, h("small", {}, h("span", { text: name }), h("time", { text: "现在" })), h("b", { text: title === name ? words : title }), h("span", { class: "bannerwords", text: String(item.text ?? "").replace(title, "").trim().slice(0, 90) })),
    );
    const shut = button("收起通知", { class: "round", on: { click: () => this.#dropBanner() } }, icon("close"));
    const box = h("div", { class: "bannerbox" }, node, shut);
    fill(this.banners, box);
    const leave = () => {
      clearTimeout(this.#bannerTimer);
      this.#bannerTimer = setTimeout(() => this.#dropBanner(), BANNER);
    };
    box.addEventListener("pointerenter", () => clearTimeout(this.#bannerTimer));
    box.addEventListener("pointerleave", leave);
    leave();
  }

  #dropBanner() {
    clearTimeout(this.#bannerTimer);
    fill(this.banners);
  }

  toast(text, kind = "ok") {
    fill(this.toasts, h("div", { class: `toast ${kind}` }, icon(kind === "warn" ? "warn" : "check"), text));
    clearTimeout(this.#toastTimer);
    this.#toastTimer = setTimeout(() => fill(this.toasts), TOAST + String(text).length * 40);
  }

  // --- on top of everything: sheets and pages

  #overlay(node) {
    const before = document.activeElement;
    const views = this.screen.querySelector(".views");
    views.inert = true;
    this.screen.insertBefore(node, this.banners);
    const close = () => {
      if (!node.isConnected) return;
      node.remove();
      views.inert = Boolean(this.screen.querySelector(".overlay"));
      if (before?.isConnected) before.focus({ preventScroll: true });
    };
    node.addEventListener("dismiss", close);
    return close;
  }

  closeOverlays() {
    for (const node of this.screen.querySelectorAll(".overlay")) node.dispatchEvent(new CustomEvent("dismiss"));
  }

  /** A sheet from below; answers the function that closes it. */
  sheet(title, children) {
    const node = h("div", { class: "overlay sheetback", role: "dialog", "aria-modal": "true", "aria-label": title });
    const close = this.#overlay(node);
    node.append(h("div", { class: "sheet" }, h("header", {}, h("h3", { text: title }), button("关闭", { class: "round", on: { click: () => close() } }, icon("close"))), h("div", { class: "sheetbody" }, children)));
    node.addEventListener("click", (event) => { if (event.target === node) close(); });
    node.querySelector("button")?.focus();
    return close;
  }

  /** Follow an address as the client inside DingTalk does: say a text, or open a page on this phone. */
  async open(url, conversation) {
    const to = destination(url);
    if (to.say !== undefined) {
      this.closeOverlays();
      await this.openChat(conversation === "work" || conversation === "todo" ? "bot" : conversation).send(to.say);
      return;
    }
    if (!to.page) {
      this.toast(`这个链接只能在真钉钉里打开：${to.unknown}`, "warn");
      return;
    }
    const body = h("div", { class: "pagebody" }, h("p", { class: "loading" }, h("span", { class: "spin", "aria-hidden": "true" }), "正在打开…"));
    const title = h("h2", { text: "网页" });
    const outside = h("a", { class: "round", href: to.page, target: "_blank", rel: "noopener noreferrer", "aria-label": "在新窗口打开" }, icon("open"));
    const node = h("div", { class: "overlay page", role: "dialog", "aria-modal": "true", "aria-label": "网页" });
    const close = this.#overlay(node);
    node.append(h("header", { class: "bar" }, button("关闭网页", { class: "round", on: { click: () => close() } }, icon("close")), h("div", { class: "bartitle" }, title, h("small", { text: safeHost(to.page) })), outside), body);
    node.querySelector("button").focus();
    try {
      const { url: inside } = await api.h5(this.userid, to.page);
      const checked = destination(inside).page;
      if (!checked) throw new Error("沙盒给的地址打不开");
      const frame = h("iframe", { src: checked, title: "应用的网页", referrerpolicy: "no-referrer" });
      outside.href = checked;
      outside.addEventListener("click", (event) => this.#openOutside(event, to.page));
      fill(body, frame);
    } catch (problem) {
      fill(body, h("div", { class: "empty" }, icon("warn"), h("h3", { text: "这个网页没能在手机里打开" }), h("p", { text: problem.message }), h("p", {}, h("a", { class: "link", href: to.page, target: "_blank", rel: "noopener noreferrer", text: "在新窗口打开" }))));
    }
  }

  /** The address logs in once only, so a new window needs one of its own. */
  async #openOutside(event, address) {
    event.preventDefault();
    try {
      const { url } = await api.h5(this.userid, address);
      if (destination(url).page) window.open(url, "_blank", "noopener,noreferrer");
    } catch (problem) {
      this.toast(problem.message, "warn");
    }
  }

  close() {
    for (const off of this.#offs) off();
    clearTimeout(this.#bannerTimer);
    clearTimeout(this.#toastTimer);
    this.#chat?.close();
    this.store.unfollow(this.userid);
    this.node.remove();
  }
}

function badge(count) {
  return count ? h("em", { class: "badge", "aria-hidden": "true", text: count > 99 ? "99+" : String(count) }) : null;
}

function safeHost(address) {
  try {
    return new URL(address).host;
  } catch {
    return "";
  }
}
