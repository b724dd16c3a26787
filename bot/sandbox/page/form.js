// The fields of a card: each type drawn with the control a thumb expects; values leave in the shapes of the contract.

import { h, momentInput } from "./dom.js";

let serial = 0;

/** Select fields come with a plain value or with DingTalk's {index, value}. */
function bare(value) {
  if (value && typeof value === "object" && !Array.isArray(value)) return value.value ?? null;
  return value ?? null;
}

const same = (a, b) => String(a) === String(b);
const optionsOf = (field) => (field.options ?? []).map((o) => (o && typeof o === "object" ? o : { value: o, text: String(o) }));

function textInput(id, field, type, extra = {}) {
  const value = bare(field.value);
  return h("input", { id, class: "input", type, placeholder: field.placeholder, value: value === null ? "" : String(value), autocomplete: "off", ...extra });
}

function moment(id, field, type, value) {
  const { box, input } = momentInput(type, { id, value, placeholder: field.placeholder });
  return { node: box, read: () => input.value.replace("T", " ") };
}

/** All options in sight, one (radio) or several (checkbox) to pick. */
function picks(id, field, options, type) {
  const value = bare(field.value);
  const chosen = Array.isArray(value) ? value : value === null ? [] : [value];
  const boxes = options.map((o) => {
    const box = h("input", { type, name: id });
    box.checked = o.chosen ?? chosen.some((one) => same(bare(one), o.value));
    return { box, value: o.value, node: h("label", { class: "pick" }, box, h("span", { text: o.text })) };
  });
  const node = h("div", { id, class: "picks", role: type === "radio" ? "radiogroup" : "group" }, boxes.map((b) => b.node));
  const read = () => boxes.filter((b) => b.box.checked).map((b) => b.value);
  return { node, read: type === "radio" ? () => read()[0] ?? null : read };
}

const CONTROLS = {
  text: (id, field) => {
    const node = textInput(id, field, "text");
    return { node, read: () => node.value };
  },
  text_area: (id, field) => {
    const value = bare(field.value);
    const node = h("textarea", { id, class: "input", rows: "3", placeholder: field.placeholder, value: Array.isArray(value) ? value.join("\n") : (value ?? "") });
    return { node, read: () => node.value };
  },
  number: (id, field) => {
    const node = textInput(id, field, "number", { inputmode: "decimal", step: "any" });
    return { node, read: () => node.value };
  },
  date: (id, field) => moment(id, field, "date", String(bare(field.value) ?? "").slice(0, 10).replaceAll("/", "-")),
  time: (id, field) => moment(id, field, "time", String(bare(field.value) ?? "").slice(0, 5)),
  datetime: (id, field) => moment(id, field, "datetime-local", String(bare(field.value) ?? "").replace(" ", "T").slice(0, 16)),
  select: (id, field) => {
    const chosen = bare(field.value);
    const options = optionsOf(field);
    if (field.choices_shown) return picks(id, field, options, "radio");
    const empty = h("option", { value: "", text: field.placeholder || "请选择" });
    const node = h("select", { id, class: "input" }, empty, options.map((o, at) => h("option", { value: String(at), text: o.text })));
    const at = options.findIndex((o) => same(o.value, chosen));
    node.value = chosen !== null && at >= 0 ? String(at) : "";
    return { node, read: () => (node.value === "" ? null : options[Number(node.value)].value) };
  },
  multi_select: (id, field) => picks(id, field, optionsOf(field), "checkbox"),
  checkbox: (id, field) => {
    const box = h("input", { id, type: "checkbox" });
    box.checked = bare(field.value) === true || bare(field.value) === "true";
    return { node: h("label", { class: "check" }, box, h("span", { text: field.label })), read: () => box.checked, inside: true };
  },
  switch: (id, field) => {
    const box = h("input", { id, type: "checkbox", role: "switch" });
    box.checked = bare(field.value) === true || bare(field.value) === "true";
    return { node: h("label", { class: "switch" }, h("span", { text: field.label }), box), read: () => box.checked, inside: true };
  },
};

const isEmpty = (value) => value === null || value === "" || (Array.isArray(value) && !value.length);

/**
 * One field: `node` to show, `read()` its value, `changed()` whether the person touched it, `check()` false and a hint when a
 * required one is empty, `lock(bool)`. `moved(field)` is called when a value is settled (change event).
 */
export function fieldView(field, moved = null) {
  serial += 1;
  const id = `f${serial}`;
  const kind = field.input ?? field.type;
  const control = (CONTROLS[kind] ?? CONTROLS.text)(id, field);
  const hint = h("p", { class: "hint", id: `${id}h`, hidden: true });
  const first = JSON.stringify(control.read());
  let touched = false;
  const shown = h("div", { class: `field field-${kind}`, hidden: field.hidden });
  const named = field.label && field.label_drawn !== false;
  if (!control.inside && named) {
    const group = control.node.classList.contains("picks");
    shown.append(h(group ? "span" : "label", { class: "label", id: `${id}l`, for: group ? null : id }, field.label, field.required ? h("span", { class: "must", "aria-hidden": "true", text: "*" }) : null));
    if (group) control.node.setAttribute("aria-labelledby", `${id}l`);
  } else if (!control.inside) (control.node.querySelector("input") ?? control.node).setAttribute("aria-label", field.label || field.placeholder || field.name);
  else if (!named) {
    control.node.querySelector("span").hidden = true;
    control.node.querySelector("input").setAttribute("aria-label", field.label || field.name);
  }
  shown.append(control.node, hint);
  const inputs = control.node.matches("input, select, textarea") ? [control.node] : [...control.node.querySelectorAll("input")];
  for (const input of inputs) {
    if (field.required) input.setAttribute("aria-required", "true");
    input.setAttribute("aria-describedby", `${id}h`);
    input.addEventListener("input", () => { touched = true; hint.hidden = true; });
    input.addEventListener("change", () => { touched = true; moved?.(field); });
  }
  return {
    field,
    node: shown,
    read: control.read,
    changed: () => touched && JSON.stringify(control.read()) !== first,
    check() {
      if (!field.required || field.hidden || !isEmpty(control.read())) return true;
      hint.textContent = `${kind.includes("select") || kind.startsWith("date") || kind === "time" ? "请选择" : "请填写"}${field.label || "这一项"}`;
      hint.hidden = false;
      inputs[0]?.focus();
      return false;
    },
    lock(locked) {
      for (const input of inputs) input.disabled = locked || field.read_only === true;
      shown.classList.toggle("locked", inputs.some((input) => input.disabled));
    },
  };
}

/** A whole form; `submit(values, button)` gets the values that were changed, and is not called while something required is empty. */
export function formView(form, submit) {
  const views = form.fields.map((field) => fieldView(field));
  const send = h("button", { class: "cardbutton primary wide", type: "submit", text: form.submit || "提交" });
  const node = h(
    "form",
    {
      class: "cardform", novalidate: true, "aria-label": form.submit || "表单",
      on: {
        submit: (event) => {
          event.preventDefault();
          const missing = views.filter((view) => !view.check());
          if (missing.length) {
            missing[0].node.querySelector("input, select, textarea")?.focus();
            return;
          }
          submit(Object.fromEntries(views.filter((view) => view.changed()).map((view) => [view.field.name, view.read()])), send);
        },
      },
    },
    views.map((view) => view.node),
    send,
  );
  const lock = (locked) => {
    for (const view of views) view.lock(locked);
    send.disabled = locked;
    send.classList.toggle("off", Boolean(form.disabled));
  };
  lock(form.disabled);
  return { node, send, lock: (locked) => lock(locked || form.disabled) };
}
