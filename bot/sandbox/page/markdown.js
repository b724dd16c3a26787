// DingTalk's markdown, drawn as elements: what a chat message may hold (headings, quote, bold, italic, links, images, lists) and what cards add (tables, code, font colours, @).

import { h } from "./dom.js";

const COLOURS = [
  [/red|danger|error/i, "red"], [/green|success/i, "green"], [/orange|gold|yellow|warn/i, "orange"], [/blue|brand|link/i, "blue"], [/gr[ae]y|level[234]|secondary|assist/i, "gray"],
];

function tone(attributes) {
  const named = /colou?r[\w]*\s*=\s*["']?([#\w-]+)/i.exec(attributes)?.[1];
  if (!named) return null;
  if (/^#[0-9a-f]{3,8}$/i.test(named)) {
    const hex = named.length < 7 ? [...named.slice(1, 4)].map((c) => c + c).join("") : named.slice(1, 7);
    const [r, g, b] = [0, 2, 4].map((i) => parseInt(hex.slice(i, i + 2), 16));
    if (Math.max(r, g, b) - Math.min(r, g, b) < 40) return "gray";
    if (r >= g && r >= b) return g > 110 ? "orange" : "red";
    return g > b ? "green" : "blue";
  }
  return COLOURS.find(([pattern]) => pattern.test(named))?.[1] ?? null;
}

const INLINE = new RegExp(
  [
    "\\\\([\\\\`*_{}\\[\\]()#+.!|<>~-])", // 1 escape
    "`([^`\\n]+)`", // 2 code
    "!\\[([^\\]\\n]*)\\]\\(([^)\\s]*)[^)\\n]*\\)", // 3 alt, 4 image
    "\\[((?:[^\\[\\]\\n]|\\[[^\\]\\n]*\\])*)\\]\\(([^)\\s]+)[^)\\n]*\\)", // 5 text, 6 link
    "\\*\\*([^\\n]+?)\\*\\*", // 7 bold
    "__([^\\n]+?)__", // 8 bold
    "~~([^\\n]+?)~~", // 9 struck
    "\\*([^\\s*][^*\\n]*?)\\*", // 10 italic
    "<font([^>]*)>([\\s\\S]*?)<\\/font>", // 11 attributes, 12 inner
    "<a([^>]*)>([\\s\\S]*?)<\\/a>", // 13 attributes, 14 inner
    "<br\\s*\\/?>", //
    "(https?:\\/\\/[\\w.:/?#\\[\\]@!$&'*+,;=%~-]+)", // 15 bare address
    "<\\/?(?:b|strong|i|em|u|span|div|p)(?:\\s[^>]*)?>", // markup that only styles
  ].join("|"),
  "gi",
);

function link(text, url, context) {
  return h("a", { class: "link", href: "#", role: "link", on: { click: (event) => { event.preventDefault(); context.open?.(url); } } }, text.length ? text : url);
}

function picture(alt, source, context) {
  return context.image ? context.image(source, alt) : h("span", { class: "noimage", text: alt || "图片" });
}

/** Draw one line's worth of inline marks. `context.open(url)` is called for links, `context.image(source, alt)` makes images. */
export function inline(text, context = {}, depth = 0) {
  const out = [];
  if (depth > 6) return [text];
  let from = 0;
  for (const m of text.matchAll(INLINE)) {
    if (m.index > from) out.push(text.slice(from, m.index));
    from = m.index + m[0].length;
    const inner = (part) => inline(part, context, depth + 1);
    if (m[1] !== undefined) out.push(m[1]);
    else if (m[2] !== undefined) out.push(h("code", { text: m[2] }));
    else if (m[4] !== undefined) out.push(picture(m[3], m[4], context));
    else if (m[6] !== undefined) out.push(link(inner(m[5]), m[6], context));
    else if (m[7] !== undefined || m[8] !== undefined) out.push(h("strong", {}, inner(m[7] ?? m[8])));
    else if (m[9] !== undefined) out.push(h("s", {}, inner(m[9])));
    else if (m[10] !== undefined) out.push(h("em", {}, inner(m[10])));
    else if (m[12] !== undefined) {
      const colour = tone(m[11]);
      out.push(h("span", { class: colour ? `tone-${colour}` : "" }, inner(m[12])));
    } else if (m[14] !== undefined) {
      const url = /href\s*=\s*["']?([^"'\s>]+)/i.exec(m[13])?.[1];
      out.push(url ? link(inner(m[14]), url, context) : h("span", { class: "mention" }, "@", inner(m[14].replace(/^@/, ""))));
    } else if (m[15] !== undefined) out.push(link([m[15]], m[15], context));
    else if (/^<br/i.test(m[0])) out.push(h("br"));
  }
  if (from < text.length) out.push(text.slice(from));
  return out;
}

const TABLE_RULE = /^\s*\|?\s*:?-{2,}:?\s*(\|\s*:?-{2,}:?\s*)*\|?\s*$/;
const cells = (line) => line.trim().replace(/^\||\|$/g, "").split(/(?<!\\)\|/).map((cell) => cell.trim());

function table(head, rows, context) {
  const row = (line, tag) => h("tr", {}, cells(line).map((cell) => h(tag, {}, inline(cell, context))));
  return h("div", { class: "tablewrap" }, h("table", {}, h("thead", {}, row(head, "th")), h("tbody", {}, rows.map((line) => row(line, "td")))));
}

/** Draw a markdown text as a list of block elements. */
export function markdown(text, context = {}) {
  const lines = String(text ?? "").replace(/\r\n?/g, "\n").split("\n");
  const blocks = [];
  let paragraph = null;
  const close = () => { paragraph = null; };
  for (let i = 0; i < lines.length; i += 1) {
    const line = lines[i];
    const bare = line.trim();
    let m;
    if (!bare) close();
    else if (/^```/.test(bare)) {
      const code = [];
      for (i += 1; i < lines.length && !/^\s*```/.test(lines[i]); i += 1) code.push(lines[i]);
      blocks.push(h("pre", {}, h("code", { text: code.join("\n") })));
      close();
    } else if ((m = /^(#{1,6})\s+(.*?)\s*#*$/.exec(bare))) {
      blocks.push(h("div", { class: `md-h md-h${m[1].length}`, role: "heading", "aria-level": Math.min(6, m[1].length + 3) }, inline(m[2], context)));
      close();
    } else if (/^([-*_])\s*(\1\s*){2,}$/.test(bare)) {
      blocks.push(h("hr"));
      close();
    } else if (/^>\s?/.test(bare)) {
      const quoted = [];
      for (; i < lines.length && /^\s*>/.test(lines[i]); i += 1) quoted.push(lines[i].replace(/^\s*>\s?/, ""));
      i -= 1;
      blocks.push(h("blockquote", {}, markdown(quoted.join("\n"), context)));
      close();
    } else if ((m = /^([-*+]|\d+[.)])\s+(.*)$/.exec(bare))) {
      const ordered = /\d/.test(m[1]);
      const kind = ordered ? "OL" : "UL";
      const deep = Math.min(3, Math.floor((line.length - line.trimStart().length) / 2));
      let list = blocks.at(-1);
      if (list?.tagName !== kind || paragraph) {
        list = h(kind.toLowerCase(), ordered ? { start: parseInt(m[1], 10) } : {});
        blocks.push(list);
      }
      list.append(h("li", { class: deep ? `deep${deep}` : "" }, inline(m[2], context)));
      close();
    } else if (bare.includes("|") && TABLE_RULE.test(lines[i + 1] ?? "") && (lines[i + 1] ?? "").includes("-")) {
      const head = bare;
      const rows = [];
      for (i += 2; i < lines.length && lines[i].includes("|"); i += 1) rows.push(lines[i]);
      i -= 1;
      blocks.push(table(head, rows, context));
      close();
    } else {
      if (paragraph) paragraph.append(h("br"));
      else {
        paragraph = h("p");
        blocks.push(paragraph);
      }
      paragraph.append(...inline(bare, context));
    }
  }
  return blocks;
}

/** The first words of a markdown text without its marks, for lists and banners. */
export function plain(text) {
  return String(text ?? "")
    .replace(/!\[[^\]]*\]\([^)]*\)/g, "[图片]")
    .replace(/\[([^\]]*)\]\([^)]*\)/g, "$1")
    .replace(/<[^>]+>/g, "")
    .replace(/^\s*(#{1,6}|>|[-*+])\s+/gm, "")
    .replace(/[*`~]{1,3}|__/g, "")
    .replace(/\s+/g, " ")
    .trim();
}
