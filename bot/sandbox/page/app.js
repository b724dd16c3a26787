// The page: the head with the clock, the phones side by side (one at a time on a phone), the guide and what is behind the scenes.

import { Backstage } from "./backstage.js";
import { ClockBar } from "./clockbar.js";
import { avatar, button, fill, h, icon, sleep } from "./dom.js";
import { Guide } from "./guide.js";
import { Phone } from "./phone.js";
import { Store } from "./store.js";

const CHOSEN = "dingcrm.phones";
const MOST = 4;
const LISTED = 80;
const narrow = matchMedia("(max-width: 719px)");
const roomy = matchMedia("(min-width: 1181px)"); // the guide stands beside the phones, not on them

/** How much somebody looks like a sales person who is no boss and no administrator. */
function salesness(store, user) {
  const where = store.departmentNames(user.userid).join(" ");
  const title = user.title ?? "";
  let score = 0;
  if (/销售|业务|大客户|渠道/.test(where)) score += 3;
  if (/销售|业务|客户/.test(title)) score += 3;
  if (/总|经理|主管|总监|负责人/.test(title) && !/客户经理/.test(title)) score -= 3;
  if ((user.leads ?? []).length) score -= 3;
  if (user.dingtalk_admin) score -= 6;
  if (user.active === false) score -= 20;
  if (store.groupsOf(user.userid).length) score += 1;
  return score;
}

class Page {
  #phones = [];
  #shown = 0;

  constructor(store) {
    this.store = store;
    this.stage = document.getElementById("stage");
    this.top = document.getElementById("top");
    this.clock = new ClockBar(store);
    this.guide = new Guide(store, { phones: () => this.#phones, focus: (phone) => this.focus(phone), clock: this.clock });
    this.backstage = new Backstage(store, {
      toast: (text, kind) => this.toast(text, kind), previewer: () => this.#phones[this.#shown] ?? this.#phones[0] ?? null, addPhone: (userid) => this.add(userid),
      toggled: (open) => { this.tools.setAttribute("aria-expanded", String(open)); document.body.classList.toggle("drawn", open); },
    });
    this.row = h("div", { class: "phones" });
    this.switcher = h("nav", { class: "switcher", "aria-label": "切换手机" });
    this.state = h("div", { class: "appstate", role: "status" });
    this.toasts = h("div", { class: "pagetoasts", role: "status", "aria-live": "polite" });
    this.title = h("h1", { text: "本地钉钉" });
    this.tools = button("幕后", { class: "topbutton", "aria-expanded": "false", on: { click: () => this.backstage.toggle() } }, icon("tools"), h("span", { text: "幕后" }));
    this.guideButton = button("试一试", { class: "topbutton", "aria-pressed": "false", on: { click: () => this.#toggleGuide() } }, icon("guide"), h("span", { text: "试一试" }));
    fill(this.top, h("div", { class: "brand" }, h("img", { src: "/page/icon.svg", alt: "", width: 28, height: 28 }), h("div", {}, this.title, this.state)), this.switcher, this.clock.node, h("div", { class: "topside" }, this.guideButton, this.tools));
    this.plus = button("再加一台手机", { class: "addphone", on: { click: () => this.#choose("给谁一台手机？", (userid) => this.add(userid)) } }, icon("plus"), h("span", { text: "加一台手机" }));
    this.stage.append(this.guide.node, this.row, this.backstage.node, this.toasts);
    store.on("health", () => this.#health());
    store.on("inbox", () => this.#switch());
    store.on("read", () => this.#switch());
    narrow.addEventListener("change", () => this.#switch());
    setInterval(() => this.#phones.forEach((phone) => phone.tick()), 1000);
    this.#toggleGuide(localStorage.getItem("dingcrm.guide") !== "off" && roomy.matches, false);
    this.#health();
    this.#named();
    store.on("company", () => this.#named());
  }

  #named() {
    const name = this.store.company.company?.name;
    this.title.textContent = name || "本地钉钉";
    this.title.title = name ?? "";
    document.title = name ? `${name} · 本地钉钉` : "本地钉钉";
  }

  // --- which phones

  start() {
    for (const userid of this.#remembered()) this.#phones.push(this.#make(userid));
    this.#arrange();
  }

  #remembered() {
    const known = new Set((this.store.company.users ?? []).map((user) => user.userid));
    let chosen = [];
    try {
      chosen = JSON.parse(localStorage.getItem(CHOSEN)) ?? [];
    } catch {
      chosen = [];
    }
    chosen = (Array.isArray(chosen) ? chosen : []).filter((userid) => known.has(userid)).slice(0, MOST);
    return chosen.length ? chosen : this.#proposed();
  }

  #proposed() {
    const ranked = (this.store.company.users ?? []).map((user, at) => ({ user, at, score: salesness(this.store, user) })).sort((a, b) => b.score - a.score || a.at - b.at).map((one) => one.user);
    const [first] = ranked;
    if (!first) return [];
    const groups = new Set(this.store.groupsOf(first.userid).map((group) => group.id));
    const best = salesness(this.store, ranked[1] ?? first);
    const peers = ranked.slice(1).filter((user) => salesness(this.store, user) >= best - 1);
    const second = peers.find((user) => this.store.groupsOf(user.userid).some((group) => groups.has(group.id))) ?? ranked[1];
    return [first, second].filter(Boolean).map((user) => user.userid);
  }

  #make(userid) {
    return new Phone(this.store, userid, { pick: (phone) => this.#change(phone), remove: (phone) => this.remove(phone), changed: () => this.#switch() });
  }

  #keep() {
    try {
      localStorage.setItem(CHOSEN, JSON.stringify(this.#phones.map((phone) => phone.userid)));
    } catch {
      // Without storage the choice lasts until the page is closed.
    }
  }

  #arrange() {
    this.#shown = Math.min(this.#shown, Math.max(0, this.#phones.length - 1));
    this.plus.hidden = this.#phones.length >= MOST;
    for (const node of [...this.row.children]) if (node !== this.plus && !this.#phones.some((phone) => phone.node === node)) node.remove();
    for (const phone of this.#phones) if (!phone.node.isConnected) this.row.append(phone.node);
    this.row.append(this.plus);
    this.row.dataset.count = String(this.#phones.length);
    if (!this.#phones.length) this.#choose("你是谁？选一个人，打开他的手机", (userid) => this.add(userid));
    this.guide.draw();
    this.#switch();
    this.#keep();
  }

  add(userid) {
    const at = this.#phones.findIndex((phone) => phone.userid === userid);
    if (at >= 0) {
      this.focus(this.#phones[at]);
      return;
    }
    if (this.#phones.length >= MOST) {
      this.toast(`最多同时 ${MOST} 台手机，先收起一台`, "warn");
      return;
    }
    this.#phones.push(this.#make(userid));
    this.#shown = this.#phones.length - 1;
    this.#arrange();
    if (this.row.scrollWidth > this.row.clientWidth) this.#toggleGuide(false, false);
    this.focus(this.#phones[this.#shown]);
  }

  remove(phone) {
    phone.close();
    this.#phones = this.#phones.filter((one) => one !== phone);
    this.#arrange();
  }

  #change(phone) {
    this.#choose("换成谁？", (userid) => {
      const at = this.#phones.indexOf(phone);
      if (this.#phones.some((one) => one.userid === userid)) {
        this.add(userid);
        return;
      }
      const made = this.#make(userid);
      phone.node.replaceWith(made.node);
      phone.close();
      this.#phones[at] = made;
      this.#arrange();
    });
  }

  focus(phone) {
    this.#shown = Math.max(0, this.#phones.indexOf(phone));
    this.#switch();
    if (!roomy.matches) this.#toggleGuide(false, false);
    if (!narrow.matches) phone.node.scrollIntoView({ behavior: "smooth", inline: "nearest", block: "nearest" });
  }

  /** On a narrow screen one phone is in sight, chosen in the head. */
  #switch() {
    this.#phones.forEach((phone, at) => {
      const away = narrow.matches && at !== this.#shown;
      const was = phone.node.classList.contains("away");
      phone.node.classList.toggle("away", away);
      if (was && !away) phone.shown();
    });
    if (!this.switcher) return;
    const focused = this.switcher.contains(document.activeElement);
    fill(this.switcher, this.#phones.map((phone, at) => {
      const count = phone.unread();
      const current = at === this.#shown;
      return h("button", { type: "button", "aria-label": `${phone.name}的手机${count ? `，${count} 条未读` : ""}`, "aria-current": current ? "true" : null, on: { click: () => (current ? this.#change(phone) : this.focus(phone)) } }, avatar(phone.name, phone.userid, "small"), count && !current ? h("em", { class: "badge", text: count > 99 ? "99+" : String(count) }) : null);
    }), this.#phones.length < MOST ? button("再加一台手机", { class: "plus", on: { click: () => this.plus.click() } }, icon("plus")) : null);
    if (focused) this.switcher.querySelector("[aria-current]")?.focus();
  }

  // --- around the phones

  #toggleGuide(open = this.guideButton.getAttribute("aria-pressed") !== "true", keep = true) {
    this.guideButton.setAttribute("aria-pressed", String(open));
    this.guide.node.hidden = !open;
    document.body.classList.toggle("guided", open);
    if (keep) {
      try {
        localStorage.setItem("dingcrm.guide", open ? "on" : "off");
      } catch {
        // Shown again next time.
      }
    }
  }

  #health() {
    const { ready, connections } = this.store.health;
    const [kind, words] = !this.store.online ? ["off", "本地钉钉停了，等它回来"] : ready ? ["on", "本地钉钉 · CRM 已连接"] : connections ? ["wait", "本地钉钉 · CRM 正在准备"] : ["wait", "本地钉钉 · 等 CRM 连上来"];
    this.state.className = `appstate ${kind}`;
    if (this.state.textContent !== words) this.state.textContent = words;
  }

  toast(text, kind = "ok") {
    const node = h("div", { class: `toast ${kind}` }, icon(kind === "warn" ? "warn" : "check"), text);
    this.toasts.append(node);
    setTimeout(() => node.remove(), 3200);
  }

  // --- choosing a person

  #choose(title, chosen) {
    const find = h("input", { class: "input", type: "search", placeholder: "姓名、部门、职位", "aria-label": "找人" });
    const list = h("ul", { class: "people" });
    const dialog = h("dialog", { class: "picker", "aria-label": title });
    const taken = new Set(this.#phones.map((phone) => phone.userid));
    const pick = (userid) => {
      dialog.close();
      chosen(userid);
    };
    const draw = () => {
      const words = find.value.trim().toLowerCase();
      const about = (user) => `${user.name} ${user.userid} ${user.title ?? ""} ${this.store.departmentNames(user.userid).join(" ")}`.toLowerCase();
      const found = (this.store.company.users ?? []).filter((user) => about(user).includes(words));
      fill(list, found.slice(0, LISTED).map((user) => h("li", {}, h(
        "button", { type: "button", class: "personrow", on: { click: () => pick(user.userid) } }, avatar(user.name, user.userid, "small"),
        h("span", {}, h("b", {}, user.name, user.dingtalk_admin ? h("span", { class: "tag tag-blue", text: "管理员" }) : null, (user.leads ?? []).length ? h("span", { class: "tag tag-gray", text: "主管" }) : null), h("small", { text: [this.store.departmentNames(user.userid).join("、"), user.title].filter(Boolean).join(" · ") || user.userid })),
        taken.has(user.userid) ? h("small", { class: "taken", text: "已打开" }) : null,
      ))), found.length ? null : h("li", { class: "nothing", text: "没有这个人" }), found.length > LISTED ? h("li", { class: "nothing", text: `还有 ${found.length - LISTED} 人，写几个字缩小范围` }) : null);
    };
    find.addEventListener("input", draw);
    find.addEventListener("keydown", (event) => { if (event.key === "Enter") list.querySelector("button")?.click(); });
    dialog.append(h("header", {}, h("h2", { text: title }), button("关闭", { class: "round", on: { click: () => dialog.close() } }, icon("close"))), find, list);
    dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
    dialog.addEventListener("close", () => dialog.remove());
    document.body.append(dialog);
    draw();
    dialog.showModal();
    if (matchMedia("(hover: hover)").matches) find.focus();
  }
}

async function main() {
  const boot = document.querySelector('meta[name="sandbox-boot"]').content;
  const store = new Store(boot);
  for (;;) {
    try {
      await store.start();
      break;
    } catch (problem) {
      fill(document.getElementById("stage"), h("p", { class: "starting", role: "status", text: `正在连接本地钉钉…（${problem.message}）` }));
      await sleep(1500);
    }
  }
  fill(document.getElementById("stage"));
  const page = new Page(store);
  store.on("claim", () => page.guide.claimed());
  page.start();
}

main();
