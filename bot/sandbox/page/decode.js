// What an inbox item looks like: the platform request behind it (`raw`) says how to draw it, the item's own text is the fallback.

import { plain } from "./markdown.js";

function json(value) {
  if (typeof value !== "string") return value ?? null;
  try {
    return JSON.parse(value);
  } catch {
    return null;
  }
}

function robotSample(key, given) {
  const p = json(given) ?? {};
  if (key === "sampleText") return { shape: "text", text: p.content };
  if (key === "sampleMarkdown") return { shape: "markdown", title: p.title, markdown: p.text };
  if (key === "sampleImageMsg") return { shape: "image", image: p.photoURL };
  if (key === "sampleLink") return { shape: "link", title: p.title, text: p.text, picture: p.picUrl, url: p.messageUrl };
  if (key === "sampleFile") return { shape: "file", name: p.fileName };
  if (key === "sampleAudio") return { shape: "voice", millis: Number(p.duration) || 0 };
  if (key === "sampleVideo") return { shape: "file", name: "视频.mp4" };
  if (key?.startsWith("sampleActionCard")) return { shape: "action_card", title: p.title, markdown: p.text, sideBySide: key === "sampleActionCard6" };
  return null;
}

function message(m) {
  const kind = m?.msgtype;
  if (kind === "text") return { shape: "text", text: m.text?.content };
  if (kind === "markdown") return { shape: "markdown", title: m.markdown?.title, markdown: m.markdown?.text };
  if (kind === "link") return { shape: "link", title: m.link?.title, text: m.link?.text, picture: m.link?.picUrl, url: m.link?.messageUrl };
  if (kind === "actionCard" || kind === "action_card") {
    const card = m.actionCard ?? m.action_card ?? {};
    return { shape: "action_card", title: card.title, markdown: card.text ?? card.markdown, sideBySide: String(card.btnOrientation ?? card.btn_orientation ?? "0") === "1" };
  }
  if (kind === "feedCard") return { shape: "feed", links: (m.feedCard?.links ?? []).map((l) => ({ title: l.title, url: l.messageURL, picture: l.picURL })) };
  if (kind === "image") return { shape: "image", image: m.image?.media_id };
  if (kind === "file") return { shape: "file", name: null };
  if (kind === "voice") return { shape: "voice", millis: (Number(m.voice?.duration) || 0) * 1000 };
  if (kind === "oa") {
    const { head = {}, body = {}, status_bar: status = null, message_url: url = null } = m.oa ?? {};
    return {
      shape: "oa", head: head.text, title: body.title, rows: (Array.isArray(body.form) ? body.form : []).slice(0, 6), rich: body.rich ?? null, text: body.content,
      image: body.image, files: body.file_count, author: body.author, status: status?.status_value ?? null, url,
    };
  }
  return null;
}

function todo(raw) {
  return {
    shape: "todo", title: raw.subject, due: Number(raw.dueTime) || null, rows: (raw.contentFieldList ?? []).map((f) => ({ key: f.fieldKey, value: f.fieldValue })),
    url: raw.detailUrl?.appUrl ?? raw.detailUrl?.pcUrl ?? null, done: raw.done === true,
  };
}

/** How to draw an item: `{shape, …}`; never fails, the plain text is always there. */
export function decode(item) {
  const raw = item.raw && typeof item.raw === "object" ? item.raw : {};
  let found = null;
  if (item.kind === "card" && item.card) found = { shape: "card" };
  else if (item.kind === "todo") found = todo(raw);
  else if (raw.msgKey) found = robotSample(raw.msgKey, raw.msgParam);
  else if (raw.msgtype) found = message(raw);
  else if (raw.msg) found = message(json(raw.msg));
  if (!found) found = item.kind === "markdown" || item.kind === "notice" ? { shape: "markdown", title: item.title, markdown: item.text } : { shape: "text", text: item.text };
  if (found.shape === "text" && !found.text) found.text = item.text;
  if (item.file) found.file = item.file;
  return found;
}

const FIRST = { image: "[图片]", file: "[文件]", card: "[卡片]", todo: "[待办]", link: "[链接]" };

/** One line about an item, for conversation lists and banners. */
export function gist(item) {
  const title = plain(item.title ?? "");
  const words = plain(item.text ?? "");
  if (item.kind === "text") return words;
  if (item.kind === "file") return `[文件] ${item.file?.name ?? words}`;
  if (item.kind === "image") return "[图片]";
  const mark = FIRST[item.kind] ?? "";
  return `${mark}${mark ? " " : ""}${title || words}`;
}

/** The words of an item below its title. */
export function body(item) {
  const title = plain(item.title ?? "");
  const words = plain(item.text ?? "");
  return words.startsWith(title) ? words.slice(title.length).trim() : words;
}

const SCHEME = /^([a-z][a-z0-9+.-]*):/i;

/**
 * Where an address leads inside DingTalk: `{say}` (the person says a text), `{page}` (a web page) or `{unknown}`.
 * Addresses wrapped in dingtalk:// links are unwrapped (platform document 2.5).
 */
export function destination(address) {
  let url = String(address ?? "").trim();
  for (let i = 0; i < 5; i += 1) {
    const scheme = SCHEME.exec(url)?.[1]?.toLowerCase();
    if (scheme === "http" || scheme === "https") return { page: url };
    if (scheme !== "dingtalk" && scheme !== "dtmd") return { unknown: url };
    let found;
    try {
      found = new URL(url.replace(SCHEME, "http:"));
    } catch {
      return { unknown: url };
    }
    if (/sendMessage$/i.test(found.pathname)) return { say: found.searchParams.get("content") ?? "" };
    const inner = ["url", "redirect_url", "mobileLink", "pcLink", "pageUrl", "page_url"].map((key) => found.searchParams.get(key)).find(Boolean);
    if (!inner) return { unknown: url };
    url = inner;
  }
  return { unknown: url };
}
