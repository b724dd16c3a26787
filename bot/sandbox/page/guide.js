// A newcomer's first five minutes: what to try, with buttons that do it on the phones.

import { button, fill, h, icon } from "./dom.js";
import { beijing, dateAfter, parts } from "./time.js";

const TO_MONDAY = { 周五: 3, 周六: 2 }; // days from an evening after which tomorrow is no working day

/** `host`: {phones() → Phone[], focus(phone), clock}. */
export class Guide {
  #done = new Set();

  constructor(store, host) {
    this.store = store;
    this.host = host;
    this.node = h("aside", { class: "guide", "aria-label": "试一试" });
    store.on("said", () => this.#watch());
    store.on("jumped", () => { this.#done.add(3); this.draw(); });
  }

  #watch() {
    const said = this.store.said.filter((entry) => entry.kind === "text").map((entry) => entry.text);
    const before = this.#done.size;
    if (said.some((text) => text.startsWith("公海"))) this.#done.add(0);
    if (said.some((text) => text.startsWith("跟进"))) this.#done.add(2);
    if (said.includes("帮助")) this.#done.add(4);
    if (before !== this.#done.size) this.draw();
  }

  #steps() {
    const [first, second] = this.host.phones();
    const one = first?.name ?? "";
    const days = TO_MONDAY[parts(this.store.now()).weekday] ?? 1;
    const [day, spoken] = days === 1 ? ["明天", "明天"] : ["周一", "下周一"];
    const customer = this.store.claimed ?? "客户名称";
    const say = (phone, text) => () => { this.host.focus(phone); phone.say(text); };
    return [
      {
        title: "看看公海", text: second ? `两台手机各发一句「公海」，看同一批还没人负责的客户。` : "发一句「公海」，看还没人负责的客户。",
        acts: [first && [`${one}：发「公海」`, say(first, "公海")], second && [`${second.name}：发「公海」`, say(second, "公海")]],
      },
      { title: "抢一家客户", text: second ? "两台手机点同一家的「领取」：只有一个人领到，另一台马上看到是谁、几点领走的。" : "点一家的「领取」。加一台手机，可以看两个人抢。", acts: [] },
      {
        title: "一句话记跟进", text: "客户、方式、内容、下次时间写在一句里，也可以用语音说。", acts: [first && [`${one}：写一句跟进`, () => { this.host.focus(first); first.prefill(`跟进 ${customer} 电话 聊了报价，${spoken}上午10点再联系`); }]],
      },
      { title: "等提醒到手机", text: `把时钟拨到${day} 09:00，到点的跟进提醒会作为工作通知弹出来。`, acts: [[`拨到${day} 09:00`, () => this.host.clock.jump({ now: beijing(dateAfter(this.store.now(), days), "09:00") })]] },
      { title: "忘了怎么说", text: "发「帮助」，它会列出你能做的事。", acts: [first && ["发「帮助」", say(first, "帮助")]] },
    ];
  }

  draw() {
    const head = h("header", {}, h("h2", { text: "试一试" }), h("p", { text: "这是一个只在你电脑上的钉钉。每台手机是一位同事，机器人就是要试用的 CRM。" }));
    const list = this.#steps().map((step, at) => h(
      "li", { class: this.#done.has(at) ? "done" : "" }, h("span", { class: "stepmark", "aria-hidden": "true" }, this.#done.has(at) ? icon("check") : String(at + 1)),
      h("div", {}, h("h3", { text: step.title }), h("p", { text: step.text }), h("div", { class: "acts" }, step.acts.filter(Boolean).map(([label, run]) => button(label, { class: "act", on: { click: run } })))),
    ));
    fill(this.node, head, h("ol", {}, list));
  }

  /** Note that something was claimed: the second step is done and the third has an example. */
  claimed() {
    this.#done.add(1);
    this.draw();
  }
}
