// Small building blocks: everything on the page is made by createElement and textContent, never from markup.

const SVG = "http://www.w3.org/2000/svg";

/** Make an element. `on` holds listeners, `style` custom properties, `text` the text; null and false attributes are left out. */
export function h(tag, props = {}, ...children) {
  const node = document.createElement(tag);
  for (const [key, value] of Object.entries(props ?? {})) {
    if (value === null || value === undefined || value === false) continue;
    if (key === "class") node.className = value;
    else if (key === "text") node.textContent = value;
    else if (key === "on") for (const [event, run] of Object.entries(value)) node.addEventListener(event, run);
    else if (key === "style") for (const [name, set] of Object.entries(value)) node.style.setProperty(name, set);
    else if (key === "value") node.value = value;
    else node.setAttribute(key, value === true ? "" : String(value));
  }
  add(node, children);
  return node;
}

export function add(node, children) {
  for (const child of children.flat(Infinity)) {
    if (child === null || child === undefined || child === false) continue;
    node.append(child instanceof Node ? child : String(child));
  }
  return node;
}

export function fill(node, ...children) {
  node.replaceChildren();
  return add(node, children);
}

/** Bring `parent`'s children into the order of `wanted`, moving only what stands wrong (focus and typed values survive). */
export function arrange(parent, wanted) {
  const keep = new Set(wanted);
  for (const child of [...parent.childNodes]) if (!keep.has(child)) child.remove();
  let at = parent.firstChild;
  for (const node of wanted) {
    if (node === at) at = at.nextSibling;
    else parent.insertBefore(node, at);
  }
}

const STROKES = {
  back: "M15 5l-7 7 7 7",
  close: "M6 6l12 12M18 6L6 18",
  plus: "M12 5v14M5 12h14",
  send: "M12 19V6M6 11.5L12 5.5l6 6",
  mic: "M12 3.5a2.8 2.8 0 012.8 2.8v5a2.8 2.8 0 01-5.6 0v-5A2.8 2.8 0 0112 3.5zM6 11a6 6 0 0012 0M12 17v3.5",
  image: "M4 5.5h16v13H4zM4 16l5-5 4 4 2.5-2.5L20 17M15.2 9.4h.01",
  file: "M7 3.5h7l4.5 4.5v12.5H7zM14 3.5V8h4.5M10 13h5.5M10 16.5h5.5",
  chat: "M4 5h16v11H10l-4 3.5V16H4zM8.5 10.5h.01M12 10.5h.01M15.5 10.5h.01",
  bell: "M12 4a5.5 5.5 0 015.5 5.5c0 4 1.5 5.5 1.5 6.5H5c0-1 1.5-2.5 1.5-6.5A5.5 5.5 0 0112 4zM10 19a2 2 0 004 0",
  todo: "M5 4.5h14v15H5zM8.5 12l2.5 2.5 4.5-5",
  me: "M12 4a4 4 0 110 8 4 4 0 010-8zM4.5 20c.6-4 3.6-6 7.5-6s6.9 2 7.5 6",
  group: "M9 5a3.3 3.3 0 110 6.6A3.3 3.3 0 019 5zM2.8 19c.4-3.4 2.7-5.2 6.2-5.2s5.8 1.8 6.2 5.2M15.5 5.4a3.2 3.2 0 010 6M17.5 14.2c2.2.6 3.4 2.2 3.7 4.8",
  calendar: "M4.5 6h15v13.5h-15zM4.5 10h15M8.5 3.5V8M15.5 3.5V8",
  clock: "M12 4a8 8 0 110 16 8 8 0 010-16zM12 8v4.2l3 1.8",
  tools: "M4 7h9M17 7h3M4 17h3M11 17h9M15 4.5v5M9 14.5v5",
  open: "M14 5h5v5M19 5l-8 8M17 14v5H5V7h5",
  guide: "M9.3 9a2.8 2.8 0 115 1.8c-.9 1-2.3 1.5-2.3 3M12 17.5h.01M12 3.5a8.5 8.5 0 110 17 8.5 8.5 0 010-17z",
  down: "M12 5v13M6.5 12.5L12 18l5.5-5.5",
  warn: "M12 4l9 16H3zM12 10v4.5M12 17.4h.01",
  check: "M5 12.5l4.5 4.5L19 7.5",
  pin: "M12 21s-6.5-6-6.5-11a6.5 6.5 0 0113 0c0 5-6.5 11-6.5 11zM12 7.6a2.4 2.4 0 100 4.8 2.4 2.4 0 000-4.8z",
  search: "M10.5 4.5a6 6 0 110 12 6 6 0 010-12zM15 15l5 5",
  swap: "M7 4L3.5 7.5 7 11M3.5 7.5H18M17 13l3.5 3.5L17 20M20.5 16.5H6",
  robot: "M12 3v3M6 7.5h12v11H6zM3.5 11.5v4M20.5 11.5v4M9.5 12h.01M14.5 12h.01M9.5 15.3h5",
  wave: "M6 9.5v5M10 7v10M14 9.5v5M18 8v8",
};

/** A line icon from the table above; decorative unless a label is given. */
export function icon(name, label = null) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("class", `icon icon-${name}`);
  if (label) {
    svg.setAttribute("role", "img");
    svg.setAttribute("aria-label", label);
  } else svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", STROKES[name] ?? "");
  svg.append(path);
  return svg;
}

/** Draw an SVG shape: used for the signs of the status bar and for small charts. */
export function shape(tag, attributes, ...children) {
  const node = document.createElementNS(SVG, tag);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, String(value));
  add(node, children);
  return node;
}

export function button(label, props = {}, ...children) {
  const { class: kind = "", ...rest } = props;
  return h("button", { type: "button", class: kind, "aria-label": label, ...rest }, ...(children.length ? children : [label]));
}

const MOMENTS = { date: "选一天", time: "选时间", "datetime-local": "选日期和时间" };
const WEEK = ["周日", "周一", "周二", "周三", "周四", "周五", "周六"];

/** 2026-03-03 → 2026年3月3日 周二; 09:00 stays; the two joined by T → both. */
export function spokenMoment(value) {
  const [, date, time] = /^(\d{4}-\d{2}-\d{2})?T?(\d{2}:\d{2})?/.exec(value ?? "") ?? [];
  const words = date ? [`${Number(date.slice(0, 4))}年${Number(date.slice(5, 7))}月${Number(date.slice(8, 10))}日`, WEEK[new Date(`${date}T00:00:00Z`).getUTCDay()]] : [];
  return [...words, time].filter(Boolean).join(" ");
}

/** The browser's own date or time picker, whose value is read in Chinese whatever language the browser speaks. */
export function momentInput(type, props = {}) {
  const input = h("input", { ...props, type, class: "input" });
  const shown = h("span", { class: "momenttext", "aria-hidden": "true" });
  const box = h("span", { class: "moment" }, input, shown, icon(type === "time" ? "clock" : "calendar"));
  const tell = () => {
    shown.textContent = spokenMoment(input.value) || props.placeholder || MOMENTS[type];
    box.classList.toggle("unset", !input.value);
  };
  input.addEventListener("input", tell);
  input.addEventListener("change", tell);
  input.addEventListener("click", () => {
    try {
      input.showPicker();
    } catch {
      // Typing into the field works everywhere.
    }
  });
  tell();
  return { box, input, tell };
}

const TINTS = ["#2f6bd8", "#0f7b6c", "#a3530b", "#7a4fc4", "#b3396b", "#3d6a1f", "#1c7296", "#8c5a2b"];

/** DingTalk's square avatar with the last two characters of the name, in a colour of the person's own. */
export function avatar(name, key = name, size = "") {
  let sum = 0;
  for (const char of String(key)) sum = (sum * 31 + char.codePointAt(0)) % 9973;
  const letters = [...String(name || "?")];
  return h("span", {
    class: `avatar ${size}`, "aria-hidden": "true", style: { "--tint": TINTS[sum % TINTS.length] }, text: letters.slice(-2).join(""),
  });
}

export function robotAvatar(size = "") {
  return h("span", { class: `avatar robot ${size}`, "aria-hidden": "true" }, icon("robot"));
}

export const sleep = (ms) => new Promise((done) => setTimeout(done, ms));
