// Messages as bubbles: what reached a person, and what was typed on this page.

import { api } from "./api.js";
import { CardView } from "./card.js";
import { decode } from "./decode.js";
import { avatar, button, h, icon, robotAvatar } from "./dom.js";
import { markdown } from "./markdown.js";
import { when } from "./time.js";

/** An image the page may load itself: a file of the sandbox or something on loopback; others are named, never fetched. */
export function image(source, alt) {
  const text = String(source ?? "");
  const local = /^(https?:\/\/(127\.0\.0\.1|localhost)(:\d+)?\/|blob:|data:image\/(png|jpe?g|gif|webp);)/i.test(text);
  const address = local ? text : /^https?:/i.test(text) ? null : text ? api.fileAddress(text) : null;
  const missing = () => h("span", { class: "noimage" }, icon("image"), alt && alt !== "图片" ? alt : "图片（在钉钉里显示）");
  if (!address) return missing();
  const node = h("img", { src: address, alt: alt || "图片", loading: "lazy" });
  node.addEventListener("error", () => node.replaceWith(missing()), { once: true });
  return node;
}

function fileRow(file, name) {
  const shown = name || file?.name || "文件";
  const kind = shown.includes(".") ? shown.split(".").at(-1).slice(0, 4).toUpperCase() : "FILE";
  const inner = [h("span", { class: "filename" }, h("b", { text: shown }), h("small", { text: file?.id ? "点按下载" : "文件" })), h("span", { class: `filekind kind-${kind.toLowerCase()}`, "aria-hidden": "true", text: kind })];
  if (!file?.id) return h("div", { class: "file" }, inner);
  return h("a", { class: "file", href: api.fileAddress(file.id), download: shown }, inner);
}

function links(item, host, sideBySide) {
  const buttons = item.buttons ?? [];
  if (!buttons.length) return null;
  const press = (one) => (one.says ? host.say(one.says) : host.open(one.url));
  return h(
    "div", { class: `linkbuttons ${sideBySide && buttons.length < 4 ? "beside" : ""}` },
    buttons.map((one) => h("button", { type: "button", disabled: one.disabled, text: one.text, on: { click: () => press(one) } })),
  );
}

const rows = (list) => (list?.length ? h("dl", { class: "rows" }, list.map((row) => [h("dt", { text: String(row.key ?? "").replace(/[::]$/, "") }), h("dd", { text: row.value ?? "" })])) : null);

/** The inside of a bubble for everything but cards. */
function inside(item, found, host, now) {
  const context = { open: (url) => host.open(url), image };
  switch (found.shape) {
    case "markdown":
      return h("div", { class: "md" }, markdown(found.markdown, context));
    case "action_card":
      return h("div", { class: "actioncard" }, h("div", { class: "md" }, markdown(found.markdown, context)), links(item, host, found.sideBySide));
    case "link":
      return h("button", { type: "button", class: "linkcard", on: { click: () => host.open(found.url) } }, h("b", { text: found.title ?? "" }), h("span", {}, h("small", { text: found.text ?? "" }), found.picture ? image(found.picture, "配图") : icon("open")));
    case "feed":
      return h("div", { class: "feed" }, found.links.map((one) => h("button", { type: "button", class: "linkcard", on: { click: () => host.open(one.url) } }, h("b", { text: one.title ?? "" }), one.picture ? image(one.picture, "配图") : null)));
    case "image":
      return h("div", { class: "picture" }, image(found.file?.id ?? found.image, "图片"));
    case "file":
      return fileRow(found.file, found.name);
    case "voice":
      return h("span", { class: "voice" }, icon("wave"), `${Math.max(1, Math.round(found.millis / 1000))}″`);
    case "oa":
      return oa(found, host);
    case "todo":
      return todo(found, host, now);
    default:
      return h("p", { class: "plain" }, plainText(found.text ?? item.text ?? "", host));
  }
}

const ADDRESS = /(https?:\/\/[\w.:/?#[\]@!$&'*+,;=%~-]+)/g;

function plainText(text, host) {
  return String(text).split("\n").flatMap((line, at) => {
    const bits = line.split(ADDRESS).map((bit, i) => (i % 2 ? h("a", { class: "link", href: "#", on: { click: (event) => { event.preventDefault(); host.open(bit); } } }, bit) : bit));
    return at ? [h("br"), ...bits] : bits;
  });
}

function oa(found, host) {
  return h(
    "div", { class: "oa" },
    h("h4", {}, found.title ?? "", found.status ? h("span", { class: "tag tag-orange", text: found.status }) : null),
    rows(found.rows),
    found.rich ? h("p", { class: "rich" }, h("b", { text: found.rich.num ?? "" }), found.rich.unit ?? "") : null,
    found.text ? h("p", { class: "plain oatext", text: found.text }) : null,
    found.image ? image(found.image, "配图") : null,
    found.files ? h("small", { text: `${found.files} 个附件` }) : null,
    found.author ? h("small", { text: found.author }) : null,
    found.url ? h("div", { class: "linkbuttons" }, h("button", { type: "button", text: "查看详情", on: { click: () => host.open(found.url) } })) : null,
  );
}

function todo(found, host, now) {
  return h(
    "div", { class: "todo" },
    h("h4", {}, h("span", { class: `tick ${found.done ? "done" : ""}`, "aria-hidden": "true" }, found.done ? icon("check") : null), found.title ?? "待办"),
    rows(found.rows),
    found.due ? h("small", { text: `截止 ${when(found.due, now)}` }) : null,
    found.url ? h("div", { class: "linkbuttons" }, h("button", { type: "button", text: "去处理", on: { click: () => host.open(found.url) } })) : null,
  );
}

/** A message from the bot. `{node, card}`: `card` is its CardView when it is one. */
export function received(store, host, userid, item, inGroup) {
  const found = decode(item);
  let inner;
  let card = null;
  if (found.shape === "card") {
    card = new CardView(store, { ...host, image }, userid, item);
    inner = card.node;
  } else inner = h("div", { class: `bubble bubble-${found.shape}` }, inside(item, found, host, store.now()));
  const node = h("div", { class: `message from-bot ${card ? "wide" : ""}`, "data-seq": item.seq }, robotAvatar(), h("div", { class: "messagebody" }, inGroup ? h("span", { class: "sender", text: "CRM 助手" }) : null, inner));
  return { node, card };
}

/** A work notification as the list 工作通知 shows it. */
export function notice(store, host, item) {
  const found = decode(item);
  const titled = found.shape === "markdown" || found.shape === "action_card";
  const heads = titled && found.title && !String(found.markdown ?? "").replace(/[#*\s]/g, "").startsWith(String(found.title).replace(/[#*\s]/g, ""));
  const node = h(
    "article", { class: "notice", "aria-label": `工作通知 ${item.title || ""}`.trim() },
    h("header", {}, robotAvatar("small"), h("span", { text: "CRM 助手" })),
    heads ? h("h4", { text: found.title }) : null,
    inside(item, found, host, store.now()),
  );
  return { node, card: null };
}

const SENT = {
  sending: ["", "发送中"],
  ok: ["", ""],
  silent: ["warn", "已送达，应用 5 秒内没有应答"],
  refused: ["warn", "应用没能处理这条消息"],
  failed: ["warn", "没有发出去"],
};

/** A message typed on this page, on the right for who typed it, on the left for others of the group. */
export function typed(store, host, entry, own) {
  const [tone, words] = SENT[entry.state] ?? SENT.ok;
  const name = store.person(entry.from).name;
  let inner;
  if (entry.kind === "voice") inner = h("div", { class: "bubble voicebubble" }, h("span", { class: "voice" }, icon("wave"), `${Math.max(1, Math.round(entry.millis / 1000))}″`), h("small", { text: entry.text }));
  else if (entry.kind === "image") inner = h("div", { class: "bubble bubble-image" }, h("div", { class: "picture" }, image(entry.preview ?? entry.file?.id, entry.file?.name ?? "图片")));
  else if (entry.kind === "file") inner = h("div", { class: "bubble bubble-file" }, fileRow(entry.file, entry.file?.name));
  else inner = h("div", { class: "bubble" }, h("p", { class: "plain" }, entry.to === "bot" ? null : h("span", { class: "mention", text: "@CRM 助手 " }), plainText(entry.text, host)));
  const status = own && words
    ? h("span", { class: `sent ${tone}`, role: "status" }, entry.state === "sending" ? h("span", { class: "spin", "aria-hidden": "true" }) : icon("warn"), entry.state === "failed" && entry.error ? `${words}：${entry.error}` : words,
        entry.state === "sending" ? null : button("重发", { class: "textbutton", on: { click: () => store.again(entry) } }))
    : null;
  return h("div", { class: `message ${own ? "own" : "from-other"}` }, avatar(name, entry.from), h("div", { class: "messagebody" }, own ? null : h("span", { class: "sender", text: name }), inner, status));
}
