// The sandbox's clock in the head of the page: what time it is, jumps, and which jobs ran on the way.

import { api } from "./api.js";
import { button, fill, h, icon } from "./dom.js";
import { beijing, dateAfter, longDate, parts, when } from "./time.js";

const JOBS = { reminders: "跟进提醒", morning: "晨间提醒", sync: "同步组织架构", pool_return: "公海自动退回", outbox: "发送队列", cleanup: "清理" };
const HOUR = 3600;

export class ClockBar {
  constructor(store) {
    this.store = store;
    this.time = h("b", { class: "clocktime" });
    this.date = h("span", { class: "clockdate" });
    this.toggle = button("时钟", { class: "clockbutton", "aria-expanded": "false", "aria-controls": "clockpanel", on: { click: () => this.#open(this.panel.hidden) } }, icon("clock"), h("span", { class: "clockwords" }, this.date, this.time));
    this.moment = h("input", { type: "datetime-local", class: "input", "aria-label": "拨到哪一刻" });
    this.go = button("拨过去", { class: "cardbutton primary", on: { click: () => this.#pick() } });
    this.report = h("div", { class: "jobs", role: "status" });
    this.jumps = h(
      "div", { class: "jumps", role: "group", "aria-label": "拨时钟" },
      button("+1 小时", { class: "jump", on: { click: () => this.jump({ advance_seconds: HOUR }) } }),
      button("明天 09:00", { class: "jump", on: { click: () => this.tomorrow() } }),
    );
    this.panel = h(
      "div", { id: "clockpanel", class: "clockpanel", hidden: true, role: "dialog", "aria-label": "拨时钟" },
      h("p", { class: "sheethint", text: "这里的时间只往前走。到点的任务会照次序做完,提醒会真的发到手机上。" }),
      h("div", { class: "presets" }, [["+10 分钟", () => this.jump({ advance_seconds: 600 })], ["+1 小时", () => this.jump({ advance_seconds: HOUR })], ["明天 09:00", () => this.tomorrow()], ["+7 天", () => this.#days(7)]].map(([label, run]) => button(label, { class: "jump", on: { click: run } }))),
      h("form", { class: "pickmoment", on: { submit: (event) => { event.preventDefault(); this.#pick(); } } }, this.moment, this.go), this.report,
    );
    this.node = h("div", { class: "clockbar" }, this.toggle, this.jumps, this.panel);
    document.addEventListener("pointerdown", (event) => { if (!this.node.contains(event.target)) this.#open(false); });
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
    this.toggle.setAttribute("aria-label", `现在是 ${longDate(now)} ${at.time},拨时钟`);
  }

  #open(open) {
    if (open && this.panel.hidden) {
      const at = parts(this.store.now());
      this.moment.min = `${at.date}T${at.time}`;
      this.moment.value = `${dateAfter(this.store.now(), 1)}T09:00`;
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
    this.#open(true);
    fill(this.report, h("p", { class: "loading" }, h("span", { class: "spin", "aria-hidden": "true" }), "正在走到那一刻…"));
    for (const one of this.node.querySelectorAll(".jump, .pickmoment button")) one.disabled = true;
    try {
      const { now, jobs = [] } = await api.setClock(body);
      this.store.setNow(now);
      this.store.refreshSoon();
      this.#show(now, jobs);
    } catch (problem) {
      fill(this.report, h("p", { class: "cardnote warn" }, icon("warn"), problem.message));
    } finally {
      this.node.classList.remove("running");
      for (const one of this.node.querySelectorAll(".jump, .pickmoment button")) one.disabled = false;
    }
  }

  #show(now, jobs) {
    const at = parts(now);
    const head = h("p", { class: "jobshead" }, icon("check"), `现在是 ${at.month}月${at.day}日 ${at.weekday} ${at.time},`, jobs.length ? `途中做了 ${jobs.length} 项任务` : "途中没有到点的任务");
    const rows = jobs.slice(-40).reverse().map((job) => h("li", {}, h("time", { text: when(job.due, now) }), h("b", { text: JOBS[job.name] ?? job.name }), h("span", { text: String(job.result ?? "") })));
    fill(this.report, head, rows.length ? h("ol", {}, rows) : null);
  }
}
