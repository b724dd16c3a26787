// An interactive card: drawn from the blocks the sandbox gives, or, without them, from its text, buttons and form. Redrawn in place.

import { button as plainButton, fill, h, icon, shape } from "./dom.js";
import { fieldView, formView } from "./form.js";
import { inline, markdown } from "./markdown.js";

const DANGER = /^(不同意|拒绝|删除|作废|驳回|移除|退回|停用)/;
const PRIMARY = /^(领取|同意|确认|提交|保存|开通|立即开通|完成|通过)/;

function toneOf(color, text) {
  const given = String(color ?? "").toLowerCase();
  if (/red|danger/.test(given)) return "danger";
  if (/blue|primary|brand/.test(given)) return "primary";
  if (/gold|orange|yellow/.test(given)) return "gold";
  if (/gr[ae]y|white|normal|default/.test(given)) return "";
  if (DANGER.test(text)) return "danger";
  return PRIMARY.test(text) ? "primary" : "";
}

const TAG_TONES = [[/red/, "red"], [/green/, "green"], [/orange|gold|yellow/, "orange"], [/gr[ae]y/, "gray"]];
const tagTone = (color) => TAG_TONES.find(([pattern]) => pattern.test(String(color ?? "").toLowerCase()))?.[1] ?? "blue";

const textTone = (color) => {
  const given = String(color ?? "").toLowerCase();
  if (/level[2-9]|secondary|gr[ae]y|assist/.test(given)) return "tone-gray";
  if (/red/.test(given)) return "tone-red";
  if (/green/.test(given)) return "tone-green";
  if (/orange|gold|yellow/.test(given)) return "tone-orange";
  if (/blue|link|brand/.test(given)) return "tone-blue";
  return "";
};

const STATUS = {
  late: "没有在 2 秒内回应，这次操作没有生效",
  refused: "这次操作没有被接受",
  disabled: "这个按钮已经失效，卡片已更新",
};

/**
 * One drawing of a card for one person. `host` gives `open(url)`, `say(text)`, `toast(text, kind)`, `image(source, alt)`, and may give `moved()` and `news(node, line)`.
 */
export class CardView {
  #signature = "";
  #pressed = null;
  #forms = new Map(); // the form as JSON → its drawing, so that typed values survive a redraw
  #fields = new Map();
  #loose = [];
  #seesNote = null;
  #drawn = false;
  #text = "";
  #own = false; // the coming redraw answers this person's own tap
  #filling = Promise.resolve();
  #held = false; // a finger is down: a redraw now would take the button away from under it

  constructor(store, host, userid, item) {
    this.store = store;
    this.host = host;
    this.userid = userid;
    this.item = item;
    this.otid = item.card.out_track_id;
    this.node = h("article", { class: "card", "aria-label": `卡片 ${item.title || ""}`.trim() });
    this.node.addEventListener("pointerdown", () => {
      this.#held = true;
      addEventListener("pointerup", () => setTimeout(() => this.#release()), { once: true });
      addEventListener("pointercancel", () => this.#release(), { once: true });
    });
    this.draw();
  }

  /** Somebody else changed this card: say so with a short glow. */
  #pulse(before) {
    this.node.classList.remove("changed");
    void this.node.offsetWidth; // restarts the animation
    this.node.classList.add("changed");
    const shape = (line) => line.trim().replace(/\d+/g, "#"); // a count that moved is no news beside words that did
    const known = shape(before);
    const lines = this.#text.split("\n").filter((line) => line.trim() && !before.includes(line));
    this.host.news?.(this.node, lines.find((line) => !known.includes(shape(line))) ?? lines[0] ?? "");
  }

  #release() {
    this.#held = false;
    this.draw();
  }

  /** Draw the present state, unless it is what is drawn already. */
  draw() {
    const known = this.store.card(this.otid, this.userid);
    const state = known?.state ?? null;
    const gone = known && !state;
    const signature = JSON.stringify([state, gone, known?.error]);
    if (signature === this.#signature || this.#held) return false;
    const others = this.#drawn && !this.#pressed && !this.#own;
    this.#own = false;
    this.#drawn = Boolean(state);
    this.#signature = signature;
    const before = this.#text;
    this.#text = state?.text ?? "";
    if (others) this.#pulse(before);
    const focus = this.node.contains(document.activeElement) ? document.activeElement : null;
    this.#loose = [];
    const view = state ?? { text: this.item.text, buttons: this.item.buttons ?? [], form: null };
    const body = Array.isArray(view.blocks) && view.blocks.length ? this.#blocks(view) : this.#fallback(view);
    fill(this.node, body, gone ? h("p", { class: "cardnote warn", text: known.error || "这张卡片已经看不到了" }) : null, this.#seesNote);
    if (focus && this.node.contains(focus)) focus.focus({ preventScroll: true });
    this.#lock();
    return true;
  }

  // --- acting

  #find(view, id) {
    return (view.buttons ?? []).find((one) => one.id === id) ?? null;
  }

  async #press(found, node) {
    if (!found || found.disabled || this.#pressed) return;
    if (found.says) {
      this.host.say(found.says);
      return;
    }
    if (found.url) {
      this.host.open(found.url);
      return;
    }
    if (this.#submits(found) && this.#loose.some((one) => !one.check())) return;
    await this.#filling;
    await this.#tap({ button: found.id }, node, found);
  }

  /** Whether a button hands in the fields that stand alone on this card. */
  #submits(found) {
    const form = this.store.card(this.otid, this.userid)?.state?.form;
    return this.#loose.length > 0 && Boolean(form) && form.submit === found.text;
  }

  /** A field that stands alone was changed: kept with the card, or sent at once, as its template says. */
  #change(made) {
    const body = { button: made.field.name, value: made.read() };
    this.#filling = this.#filling.then(async () => {
      this.#own = true;
      try {
        this.#answer(await this.store.tap(this.otid, this.userid, body));
      } catch (problem) {
        this.#note(problem.message);
        this.host.toast(problem.message, "warn");
      }
      this.#own = true;
      this.#signature = "";
      this.draw();
    });
  }

  /** What the answer to a tap says besides the new state of the card. */
  #answer(result, found = null) {
    const failed = result.status !== "ok";
    if (failed) this.#note(result.status === "refused" && result.toast ? result.toast : STATUS[result.status] ?? result.status);
    else if (found?.row && /^领取/.test(found.text)) this.store.noteClaim(found.row);
    const words = result.toast || (failed ? STATUS[result.status] : null);
    if (words) this.host.toast(words, failed ? "warn" : "ok");
    if (result.said) this.store.noteSaid(this.userid, this.item.conversation, result.said);
    if (result.opened) this.host.open(result.opened);
    if (typeof result.copied === "string") {
      navigator.clipboard?.writeText(result.copied).catch(() => {});
      this.host.toast(`已复制：${result.copied}`, "ok");
    }
  }

  async #tap(body, node, found = null) {
    if (this.#pressed) return;
    this.#pressed = node ?? true;
    this.#note(null);
    const label = node?.textContent ?? "";
    if (node) {
      node.classList.add("working");
      fill(node, h("span", { class: "spin", "aria-hidden": "true" }), "处理中");
    }
    this.node.setAttribute("aria-busy", "true");
    this.#lock();
    try {
      this.#answer(await this.store.tap(this.otid, this.userid, body), found);
    } catch (problem) {
      this.#note(problem.message);
      this.host.toast(problem.message, "warn");
    } finally {
      this.#pressed = null;
      this.node.removeAttribute("aria-busy");
      if (node) {
        node.classList.remove("working");
        node.textContent = label;
      }
      this.#own = true;
      this.#signature = "";
      this.draw();
      this.host.moved?.();
    }
  }

  #note(text) {
    this.#seesNote = text ? h("p", { class: "cardnote warn", role: "status" }, icon("warn"), text) : null;
  }

  #lock() {
    const busy = Boolean(this.#pressed) || !this.#drawn; // what the inbox showed once may be out of date
    for (const node of this.node.querySelectorAll("button.cardbutton")) node.disabled = busy || node.dataset.off === "1";
    for (const form of this.#forms.values()) form.lock(busy);
    for (const field of this.#loose) field.lock(busy);
  }

  // --- drawing by blocks

  #blocks(view) {
    const context = { open: (url) => this.host.open(url), image: (source, alt) => this.host.image(source, alt) };
    const nodes = this.#gather(view.blocks.map((block) => this.#block(block, view, context)), view.blocks);
    const hasForm = JSON.stringify(view.blocks).includes('"type":"form"') || this.#loose.length;
    if (view.form && !hasForm) nodes.push(this.#form(view.form));
    return h("div", { class: "cardbody" }, nodes);
  }

  /** Neighbouring buttons share a line, neighbouring tags too, and a heading takes its tags along. */
  #gather(nodes, blocks) {
    const out = [];
    nodes.forEach((node, at) => {
      if (!node) return;
      const kind = blocks[at]?.type;
      const last = out.at(-1);
      if (kind === "button") {
        if (last?.classList.contains("cardbuttons")) last.append(node);
        else out.push(h("div", { class: "cardbuttons" }, node));
      } else if (kind === "tag") {
        if (last?.classList.contains("cardhead") || last?.classList.contains("tags")) last.append(node);
        else out.push(h("div", { class: "tags" }, node));
      } else if (kind === "heading") out.push(h("div", { class: "cardhead" }, node));
      else out.push(node);
    });
    for (const row of out) if (row.classList?.contains("cardbuttons")) shapeButtons(row);
    return out;
  }

  #block(block, view, context) {
    const children = () => this.#gather((block.children ?? []).map((child) => this.#block(child, view, context)), block.children ?? []);
    switch (block.type) {
      case "heading":
        return h("h3", { text: block.text });
      case "tag":
        return h("span", { class: `tag tag-${tagTone(block.color)}`, text: block.text });
      case "divider":
        return h("hr");
      case "markdown":
        return h("div", { class: "md" }, markdown(block.text, context));
      case "image":
        return context.image(block.url, block.text || "图片");
      case "progress":
        return h(
          "div", { class: "progress", role: "progressbar", "aria-valuenow": block.value, "aria-valuemin": 0, "aria-valuemax": 100 },
          h("span", { class: "bar" }, h("i", { style: { width: `${Math.max(0, Math.min(100, Number(block.value) || 0))}%` } })), block.text ? h("b", { text: block.text }) : null,
        );
      case "icon":
        return block.button || !block.text ? null : h("span", { class: "blockicon", text: block.text });
      case "table":
        return this.#table(block, view);
      case "chart":
        return chart(block);
      case "list":
        return h("ul", { class: `cardlist ${block.direction === "horizontal" ? "across" : ""} ${block.divider === false ? "plain" : ""}` }, (block.children ?? []).map((child) => this.#block(child, view, context)));
      case "item":
        return h("li", { class: "carditem" }, children());
      case "row":
        return this.#pressable(block, view, h("div", { class: `cardrow ${block.align === "top" ? "top" : ""} ${block.background ? "boxed" : ""}` }, children()));
      case "panel":
        return h("details", { class: "panel", open: block.open !== false }, h("summary", { text: block.title || "展开" }), children());
      case "group":
        return this.#pressable(block, view, h("div", { class: `cardgroup ${block.background ? "boxed" : ""}` }, block.title ? h("h4", { text: block.title }) : null, children()));
      case "button":
        return this.#button(this.#find(view, block.button) ?? { id: block.button, text: block.text, disabled: block.disabled }, block.color);
      case "menu":
        return h("div", { class: "cardmenu", role: "group", "aria-label": "选项" }, (block.children ?? []).map((child) => this.#block(child, view, context)));
      case "form":
        return this.#form(block);
      case "field":
        return this.#field(block);
      default:
        if (block.children) return h("div", { class: "cardgroup" }, children());
        return block.text ? h("p", { class: `cardtext ${block.bold ? "bold" : ""} ${block.small ? "small" : ""} ${textTone(block.color)}`, style: block.width ? { flex: "none", width: `${block.width}px` } : null }, lines(block.text, context)) : null;
    }
  }

  /** A row or group that is one big button: a click anywhere on it that hits no other control. */
  #pressable(block, view, node) {
    const found = block.button ? this.#find(view, block.button) : null;
    if (!found) return node;
    if (block.children.every((child) => child.type === "icon")) return h("div", { class: "cardbuttons small" }, this.#button(found));
    const open = plainButton(found.text || "打开", { class: "cardbutton quiet", on: { click: (event) => { event.stopPropagation(); this.#press(found, null); } } }, icon("open"));
    node.classList.add("pressable");
    node.append(open);
    node.addEventListener("click", (event) => {
      if (!event.target.closest("button, a, input, select, textarea, label")) this.#press(found, null);
    });
    return node;
  }

  #button(found, color) {
    const tone = toneOf(color, found.text ?? "");
    const node = h("button", {
      type: "button", class: `cardbutton ${found.disabled ? "off" : tone}`, "data-off": found.disabled ? "1" : "0", disabled: found.disabled, text: found.text,
      "aria-label": found.row && !String(found.text).includes(found.row) ? `${found.text} ${found.row}` : null,
      title: found.url ? "打开页面" : found.says ? `发送：${found.says}` : null,
    });
    node.addEventListener("click", () => this.#press(found, node));
    return node;
  }

  #table(block, view) {
    const cell = (one) => {
      const found = one.button ? this.#find(view, one.button) : null;
      return h("td", {}, found ? this.#button(found, one.color) : one.text);
    };
    const heads = (block.columns ?? []).some((name) => name);
    return h(
      "div", { class: "tablewrap" },
      h("table", {}, heads ? h("thead", {}, h("tr", {}, block.columns.map((name) => h("th", { text: name })))) : null, h("tbody", {}, (block.rows ?? []).map((row) => h("tr", {}, row.map(cell))))),
    );
  }

  #form(form) {
    const key = JSON.stringify([form.fields, form.submit, form.disabled]);
    const known = this.#forms.get(key);
    if (known) return known.node;
    this.#forms.clear();
    const made = formView(form, (values, node) => this.#tap({ form: values }, node));
    this.#forms.set(key, made);
    return made.node;
  }

  #field(block) {
    const key = JSON.stringify(block);
    let made = this.#fields.get(key);
    if (!made) {
      made = fieldView(block, () => this.#change(made));
      this.#fields.set(key, made);
    }
    this.#loose.push(made);
    return made.node;
  }

  // --- drawing without blocks: the text line by line, buttons below the row they belong to

  #fallback(view) {
    const context = { open: (url) => this.host.open(url) };
    const buttons = [...(view.buttons ?? [])];
    const words = new Set([...buttons.map((one) => one.text), view.form?.submit]);
    const labels = (view.form?.fields ?? []).map((field) => field.label).filter(Boolean);
    const texts = String(view.text ?? "").split("\n").filter((line) => line.trim() && !words.has(line.trim()) && !labels.some((label) => line.startsWith(label)));
    const nodes = texts.map((line, at) => {
      const own = buttons.filter((one) => one.row && one.row === line.trim());
      own.forEach((one) => buttons.splice(buttons.indexOf(one), 1));
      const text = at === 0 ? h("div", { class: "cardhead" }, h("h3", { text: line })) : h("p", { class: "cardtext" }, lines(line, context));
      return own.length ? [text, h("div", { class: "cardbuttons" }, own.map((one) => this.#button(one)))] : text;
    });
    return h(
      "div", { class: "cardbody" }, nodes, view.form ? this.#form(view.form) : null,
      buttons.length ? shapeButtons(h("div", { class: "cardbuttons" }, buttons.map((one) => this.#button(one)))) : null,
    );
  }
}

/** Long words get a line of their own, short ones share one. */
function shapeButtons(row) {
  for (const node of row.children) if ([...node.textContent].length > 7) node.classList.add("long");
  return row;
}

function lines(text, context) {
  return String(text).split("\n").flatMap((line, at) => (at ? [h("br"), ...inline(line, context)] : inline(line, context)));
}

const SLICES = ["#3b82f6", "#22a06b", "#e08a00", "#c0498f", "#6e5dc6", "#1d9aaa", "#b65c02"];

/** Bars for anything with numbers, a colour per series: enough to see what the chart would say. The words stay for readers. */
function chart(block) {
  const rows = (block.points ?? []).map((row) => ({ name: [row.x, row.type].filter(Boolean).join(" · "), type: row.type ?? "", y: Number(row.y) })).filter((row) => Number.isFinite(row.y)).slice(0, 24);
  const most = Math.max(...rows.map((row) => Math.abs(row.y)), 1);
  const series = [...new Set(rows.map((row) => row.type))];
  const colour = (row, at) => SLICES[(series.length > 1 ? series.indexOf(row.type) : block.chart === "pieChart" ? at : 0) % SLICES.length];
  const bars = rows.length
    ? h("div", { class: "chartbars", "aria-hidden": "true" }, rows.map((row, at) => h("div", {}, h("span", { text: row.name }), shapeBar(Math.abs(row.y) / most, colour(row, at)), h("b", { text: String(row.y) }))))
    : null;
  const said = (block.lines ?? []).map((line) => h("p", { text: line }));
  return h("figure", { class: "chart" }, block.title ? h("figcaption", { text: block.title }) : null, bars, bars ? h("div", { class: "sr" }, said) : said);
}

function shapeBar(part, colour) {
  return shape("svg", { viewBox: "0 0 100 10", preserveAspectRatio: "none", class: "chartbar" }, shape("rect", { x: 0, y: 0, width: Math.max(1, part * 100), height: 10, rx: 1, fill: colour }));
}
