// The sandbox's clock in the head of the page: what time it is, jumps, and which jobs ran on the way.

import { api } from "./api.js";
import { button, fill, h, icon, momentInput } from "./dom.js";
import { beijing, dateAfter, longDate, parts, when } from "./time.js";

// What the app's scheduled work is called; a name that is not here is shown as it is.
const JOBS = { morning: "早上的提醒", sync: "同步组织架构", recycle: "公海自动退回", nudge: "到点提醒", "notice-fates": "核对通知送达", prune: "清理旧记录" };
const HOUR = 3600;
const STRIP = 9000; // milliseconds the short report of a jump stays

export class ClockBar {
  constructor(store) {
    this.store = store;
    this.time = h("b", { class: "clocktime" });
    this.date = h("span", { class: "clockdate" });
    this.toggle = button("时钟", { class: "clockbutton", "aria-expanded": "false", "aria-controls": "clockpanel", on: { click: () => this.#open(this.panel.hidden || this.panel.classList.contains("strip")) } }, icon("clock"), h("span", { class: "clockwords" }, this.date, this.time));
    const { box, input, tell } = momentInput("datetime-local", { "aria-label": "拨到哪一刻" });
    this.moment = input;
    this.told = tell;
    this.go = h("button", { class: "cardbutton primary", type: "submit", text: "拨过去" });
    this.stripTimer = 0;
    this.report = h("div", { class: "jobs", role: "status" });
    this.jumps = h(
      "div", { class: "jumps", role: "group", "aria-label": "拨时钟" },
      button("+1 小时", { class: "jump", on: { click: () => this.jump({ advance_seconds: HOUR }) } }),
      button("明天 09:00", { class: "jump", on: { click: () => this.tomorrow() } }),
    );
    this.panel = h(
      "div", { id: "clockpanel", class: "clockpanel", hidden: true, role: "dialog", "aria-label": "拨时钟" },
      h("p", { class: "sheethint", text: "这里的时间只往前走。到点的任务会照次序做完，提醒会真的发到手机上。" }),
      h("div", { class: "presets" }, [["+10 分钟", () => this.jump({ advance_seconds: 600 })], ["+1 小时", () => this.jump({ advance_seconds: HOUR })], ["明天 09:00", () => this.tomorrow()], ["+7 天", () => this.#days(7)]].map(([label, run]) => button(label, { class: "jump", on: { click: run } }))),
      h("form", { class: "pickmoment", on: { submit: (event) => { event.preventDefault(); this.#pick(); } } }, box, this.go), this.report,
    );
    this.node = h("div", { class: "clockbar" }, this.toggle, this.jumps, this.panel);
    document.addEventListener("pointerdown", (event) => { if (!this.node.contains(event.target)) this.#open(false); });
    this.panel.addEventListener("pointerenter", () => clearTimeout(this.stripTimer));
    this.node.addEventListener("keydown", (event) => { if (event.key === "Escape") { this.#open(false); this.toggle.focus(); } });
    setInterval(() => this.#tick(), 1000);
    store.on("clock", () => this.#tick());
    this.#tick();
  }

  #tick() {
    const now = this.store.now();
    const at = parts(now);
    this.time.textContent = at.time;
    this.date.textContent = longDate(now);
    this.toggle.setAttribute("aria-label", `现在是 ${longDate(now)} ${at.time}，拨时钟`);
  }

  #open(open) {
    clearTimeout(this.stripTimer);
    if (open) {
      if (this.panel.classList.contains("strip")) fill(this.report);
      this.panel.classList.remove("strip");
    }
    if (open && this.panel.hidden) {
      fill(this.report);
      const at = parts(this.store.now());
      this.moment.min = `${at.date}T${at.time}`;
      this.moment.value = `${dateAfter(this.store.now(), 1)}T09:00`;
      this.told();
    }
    this.panel.hidden = !open;
    this.toggle.setAttribute("aria-expanded", String(open));
  }

  tomorrow() {
    return this.jump({ now: beijing(dateAfter(this.store.now(), 1), "09:00") });
  }

  #days(count) {
    const at = parts(this.store.now());
    return this.jump({ now: beijing(dateAfter(this.store.now(), count), at.time) });
  }

  #pick() {
    const [date, time] = this.moment.value.split("T");
    if (!date || !time) return this.moment.focus();
    return this.jump({ now: beijing(date, time) });
  }

  async jump(body) {
    if (this.node.classList.contains("running")) return;
    this.node.classList.add("running");
    if (this.panel.hidden) {
      this.panel.classList.add("strip");
      this.panel.hidden = false;
    }
    clearTimeout(this.stripTimer);
    fill(this.report, h("p", { class: "loading" }, h("span", { class: "spin", "aria-hidden": "true" }), "正在走到那一刻…"));
    for (const one of this.node.querySelectorAll(".jump, .pickmoment button")) one.disabled = true;
    try {
      const { now, jobs = [] } = await api.setClock(body);
      this.store.setNow(now);
      this.store.refreshSoon();
      if (matchMedia("(max-width: 719px)").matches) this.panel.classList.add("strip"); // make room for what arrives
      this.#show(now, jobs);
      this.store.emit("jumped", now);
    } catch (problem) {
      fill(this.report, h("p", { class: "cardnote warn" }, icon("warn"), problem.message));
    } finally {
      this.node.classList.remove("running");
      if (this.panel.classList.contains("strip")) this.stripTimer = setTimeout(() => this.#open(false), STRIP);
      for (const one of this.node.querySelectorAll(".jump, .pickmoment button")) one.disabled = false;
    }
  }

  #show(now, jobs) {
    const at = parts(now);
    const head = h("p", { class: "jobshead" }, icon("check"), `现在是 ${at.month}月${at.day}日 ${at.weekday} ${at.time}，`, jobs.length ? `途中做了 ${jobs.length} 项任务` : "途中没有到点的任务");
    const rows = jobs.slice(-40).reverse().map((job) => h("li", {}, h("time", { text: when(job.due, now) }), h("b", { text: JOBS[job.name] ?? job.name }), h("span", { text: String(job.result ?? "") })));
    const list = rows.length ? h("ol", {}, rows) : null;
    fill(this.report, head, list && this.panel.classList.contains("strip") ? h("details", {}, h("summary", { text: "看看是哪些" }), list) : list);
  }
}
