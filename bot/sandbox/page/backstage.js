// Behind the scenes: what the app asked of DingTalk and what DingTalk pushed, faults, people joining and leaving, card templates.

import { api } from "./api.js";
import { avatar, button, fill, h, icon } from "./dom.js";
import { parts } from "./time.js";

const TABS = [["wire", "往来"], ["notices", "通知"], ["people", "组织"], ["templates", "卡片模板"], ["faults", "捣乱"]];
const FATES = { delivered: "已送达", duplicate: "内容重复，没送", daily_limit: "超过每天上限，没送", rate_limit: "太快了，没送", out_of_scope: "不在可见范围，没送", invalid: "没有这个人，没送" };
const QUOTAS = { api: "接口", webhook_stream: "机器人", exempt: "不计" };
const LAST = 60;

const clock = (iso) => {
  const at = parts(iso);
  return at ? `${at.time}:${at.second}` : "";
};

export class Backstage {
  #tab = "wire";
  #timer = 0;
  #calls = { items: [], next: 0 };
  #pushes = { items: [], next: 0 };
  #notices = { items: [], next: 0 };

  constructor(store, host) {
    this.store = store;
    this.host = host; // {toast(text, kind), previewer() → Phone | null, addPhone(userid)}
    this.body = h("div", { class: "drawerbody", role: "tabpanel", tabindex: "0" });
    this.tabs = h("div", { class: "drawertabs", role: "tablist", "aria-label": "幕后" });
    this.node = h(
      "aside", { class: "drawer", "aria-label": "幕后", hidden: true },
      h("header", {}, h("h2", { text: "幕后" }), button("关闭幕后", { class: "round", on: { click: () => this.toggle(false) } }, icon("close"))), this.tabs, this.body,
    );
    this.node.addEventListener("keydown", (event) => { if (event.key === "Escape") this.toggle(false); });
  }

  toggle(open = this.node.hidden) {
    this.node.hidden = !open;
    clearInterval(this.#timer);
    this.host.toggled(open);
    if (!open) return;
    this.#show(this.#tab);
    this.#timer = setInterval(() => this.#refresh(), 2000);
    this.node.querySelector("button").focus();
  }

  #show(tab) {
    this.#tab = tab;
    fill(this.tabs, TABS.map(([id, name]) => h("button", { type: "button", role: "tab", "aria-selected": String(id === tab), text: name, on: { click: () => this.#show(id) } })));
    fill(this.body);
    if (tab === "people") this.#people();
    else if (tab === "templates") this.#templates();
    else if (tab === "faults") this.#faults();
    else this.#refresh();
  }

  async #more(book, ask) {
    const page = await ask(book.next);
    book.items.push(...(page.items ?? []));
    book.items.splice(0, book.items.length - LAST);
    book.next = page.next ?? book.next;
    return (page.items ?? []).length > 0;
  }

  async #refresh() {
    try {
      if (this.#tab === "wire") {
        const [, , quota] = await Promise.all([this.#more(this.#calls, api.calls), this.#more(this.#pushes, api.pushes), api.quota()]);
        if (this.#tab === "wire") this.#wire(quota);
      } else if (this.#tab === "notices") {
        this.#notices = { items: [], next: 0 };
        await this.#more(this.#notices, api.notices);
        if (this.#tab === "notices") this.#noticeList();
      }
    } catch (problem) {
      if (["wire", "notices"].includes(this.#tab)) fill(this.body, h("p", { class: "cardnote warn" }, icon("warn"), problem.message));
    }
  }

  // --- what went to and fro

  #wire(quota) {
    const count = (name, value) => h("div", {}, h("b", { text: String(value ?? 0) }), h("small", { text: name }));
    const row = (one) => (one.method ? { ...one, call: true } : { ...one, call: false });
    const all = [...this.#calls.items.map(row), ...this.#pushes.items.map(row)].sort((a, b) => (a.at < b.at ? 1 : a.at > b.at ? -1 : 0)).slice(0, LAST);
    const open = new Set([...this.body.querySelectorAll("details[open]")].map((node) => node.dataset.key));
    const scrolled = this.body.scrollTop;
    fill(
      this.body, h("div", { class: "counts" }, count("长连接", this.store.health.connections), count("本月接口", quota.api), count("机器人与推送", quota.webhook_stream), count("不计次数", quota.exempt)),
      all.length ? h("ol", { class: "wire" }, all.map((one) => (one.call ? this.#call(one, open) : this.#push(one, open)))) : h("p", { class: "nothing", text: "还没有往来。在手机上发一句话试试。" }),
    );
    this.body.scrollTop = scrolled;
  }

  #call(one, open) {
    const key = `c${one.seq}`;
    const bad = one.status >= 400 || (one.response && typeof one.response === "object" && one.response.errcode);
    return h("li", {}, h("details", { "data-key": key, open: open.has(key) }, h("summary", { class: bad ? "bad" : "" }, h("time", { text: clock(one.at) }), h("span", { class: "dir", text: "应用 → 钉钉" }), h("code", { text: `${one.method} ${one.path}` }), h("b", { text: String(one.status ?? "") }), h("small", { text: QUOTAS[one.quota] ?? "" })), json("请求", one.request), json("回答", one.response)));
  }

  #push(one, open) {
    const key = `p${one.seq}`;
    const who = one.userid ? this.store.person(one.userid).name : "";
    const late = one.ack === null;
    return h("li", {}, h("details", { "data-key": key, open: open.has(key) }, h("summary", { class: late ? "bad" : "" }, h("time", { text: clock(one.at) }), h("span", { class: "dir in", text: "钉钉 → 应用" }), h("code", { text: `${one.type} ${one.topic}` }), h("b", { text: one.ack ? String(one.ack.code) : "没有应答" }), h("small", { text: [who, one.elapsed_ms === null || one.elapsed_ms === undefined ? "" : `${Math.round(one.elapsed_ms)} ms`].filter(Boolean).join(" · ") })), json("内容", one)));
  }

  #noticeList() {
    const rows = this.#notices.items.slice().reverse();
    fill(this.body, rows.length ? h("ol", { class: "wire" }, rows.map((one) => h("li", { class: "noticerow" }, h("time", { text: clock(one.at) }), h("b", { text: this.store.person(one.userid).name }), h("span", { class: `tag tag-${one.fate === "delivered" ? "green" : "orange"}`, text: FATES[one.fate] ?? one.fate }), h("p", { text: one.text })))) : h("p", { class: "nothing", text: "还没有要求发过工作通知。" }));
  }

  // --- people

  #people() {
    const name = h("input", { class: "input", placeholder: "姓名", "aria-label": "新人的姓名", required: true });
    const where = h("select", { class: "input", "aria-label": "部门" }, (this.store.company.departments ?? []).map((d) => h("option", { value: d.id, text: d.name })));
    const join = h("form", {
      class: "join", on: {
        submit: async (event) => {
          event.preventDefault();
          const userid = `new${Date.now().toString(36)}`;
          await this.#do(() => api.addUser({ userid, name: name.value.trim(), departments: [Number(where.value)] }), `${name.value.trim()} 入职了`);
        },
      },
    }, name, where, h("button", { class: "cardbutton primary", type: "submit", text: "入职" }));
    const find = h("input", { class: "input", type: "search", placeholder: "找人", "aria-label": "找人" });
    const list = h("ul", { class: "people" });
    const draw = () => {
      const words = find.value.trim();
      const found = (this.store.company.users ?? []).filter((user) => !words || `${user.name}${user.userid}${this.store.departmentNames(user.userid).join("")}`.includes(words)).slice(0, 60);
      fill(list, found.map((user) => h("li", {}, avatar(user.name, user.userid, "small"), h("span", {}, h("b", { text: user.name }), h("small", { text: [this.store.departmentNames(user.userid).join("、"), user.title].filter(Boolean).join(" · ") })), button(`打开${user.name}的手机`, { class: "textbutton", on: { click: () => this.host.addPhone(user.userid) } }, "手机"), button(`让${user.name}离职`, { class: "textbutton danger", on: { click: () => this.#do(() => api.removeUser(user.userid), `${user.name} 离职了`) } }, "离职"))));
    };
    find.addEventListener("input", draw);
    draw();
    fill(this.body, h("p", { class: "sheethint", text: "入职和离职会像真钉钉那样推一个通讯录事件给应用。" }), join, find, list);
  }

  async #do(run, words) {
    try {
      await run();
      this.host.toast(words, "ok");
      await this.store.reloadCompany();
      this.#show(this.#tab);
    } catch (problem) {
      this.host.toast(problem.message, "warn");
    }
  }

  // --- templates

  async #templates() {
    const picker = h("input", { type: "file", accept: ".json,application/json", hidden: true, multiple: true });
    picker.addEventListener("change", async () => {
      for (const file of picker.files) {
        const source = await file.text();
        await this.#do(() => api.addTemplate(source, file.name.replace(/\.json$/i, "")), `导入了 ${file.name}`);
      }
    });
    const list = h("ul", { class: "templates" }, h("li", { class: "loading", text: "正在取…" }));
    fill(this.body, h("p", { class: "sheethint", text: "导入卡片搭建平台导出的 JSON，用它的示例数据在手机上预览。" }), picker, button("导入模板文件", { class: "cardbutton primary wide", on: { click: () => picker.click() } }), list);
    try {
      const { items = [] } = await api.templates();
      fill(list, items.map((one) => h("li", {}, h("span", {}, h("b", { text: one.name || one.id }), h("small", { text: [one.public ? "公共模板" : one.published ? "已发布" : "未发布", `${(one.variables ?? []).length} 个变量`, one.warnings?.length ? `${one.warnings.length} 处提醒` : ""].filter(Boolean).join(" · ") })), one.public ? null : button(`预览 ${one.name}`, { class: "textbutton", on: { click: () => this.#preview(one) } }, "预览"))));
    } catch (problem) {
      fill(list, h("li", { class: "cardnote warn" }, icon("warn"), problem.message));
    }
  }

  async #preview(template) {
    const phone = this.host.previewer();
    if (!phone) return;
    try {
      await api.previewTemplate(template.id, phone.userid);
      phone.openChat("bot", false);
      this.host.toast(`卡片发到了${phone.name}的手机上`, "ok");
    } catch (problem) {
      this.host.toast(problem.message, "warn");
    }
  }

  // --- faults

  #faults() {
    const act = (title, text, run, done) => h("li", {}, h("span", {}, h("b", { text: title }), h("small", { text })), button(title, { class: "textbutton", on: { click: () => this.#try(run, done) } }, "来一次"));
    fill(this.body, h("p", { class: "sheethint", text: "看应用在网络不好的时候会怎样。" }), h("ul", { class: "people faults" },
      act("断开长连接", "突然断开，应用应当自己重连", () => api.connections({ do: "abort" }), "长连接断开了"),
      act("令牌全部失效", "应用应当自己换新的", () => api.tokens({ do: "expire" }), "给出去的令牌都失效了"),
      act("卡片接口失败三次", "更新卡片会得到 500", () => api.addFault({ path: "/v1.0/card/instances", method: "*", times: 3, do: { status: 500, body: { code: "system.busy", message: "系统繁忙" } } }), "接下来三次卡片请求会失败"),
      act("少收一次应答", "下一条消息的应答会丢，钉钉会重推", () => api.addFault({ push: "bot", times: 1, do: { redeliver: { after_ms: 200, same_message_id: false } } }), "下一条消息会推两次"),
      act("停止捣乱", "清掉所有还没发生的", () => api.clearFaults(), "恢复正常了"),
    ));
  }

  async #try(run, words) {
    try {
      await run();
      this.host.toast(words, "ok");
    } catch (problem) {
      this.host.toast(problem.message, "warn");
    }
  }
}

function json(label, value) {
  if (value === null || value === undefined || value === "") return null;
  const text = typeof value === "string" ? value : JSON.stringify(value, null, 2);
  return h("div", { class: "dump" }, h("small", { text: label }), h("pre", { text: text.length > 6000 ? `${text.slice(0, 6000)}…` : text }));
}
