// The drawer: what goes wrong on purpose. Every change is sent at once.
import { el } from "./bubbles.js";
import { t } from "./texts.js";

const NONE = { webhooks: {}, media: {}, gateway: {} };

const labelled = (text, input) => el("label", { className: "field" }, el("span", { textContent: text }), input);

const slider = (path, value) => {
  const output = el("output", { textContent: `${Math.round(value * 100)} %` });
  const input = el("input", { type: "range", min: 0, max: 100, step: 5, value: value * 100, name: path });
  input.addEventListener("input", () => { output.textContent = `${input.value} %`; });
  input.dataset.kind = "share";
  return el("span", { className: "slider" }, input, output);
};

const field = (path, value, kind) => {
  const input = el("input", { type: kind === "text" || kind === "words" ? "text" : "number", value: value ?? "", name: path });
  if (input.type === "number") Object.assign(input, { min: 0, step: kind === "whole" ? 1 : "any" });
  input.dataset.kind = kind;
  return input;
};

const check = (path, value, text) => {
  const input = el("input", { type: "checkbox", checked: value, name: path });
  input.dataset.kind = "flag";
  return el("label", { className: "switch" }, input, el("span", { textContent: text }));
};

const choice = (path, value, words) => {
  const select = el("select", { name: path }, ...Object.entries(words).map(([key, text]) =>
    el("option", { value: key, textContent: text, selected: key === value })));
  select.dataset.kind = "text";
  return select;
};

const PARAMETERS = {
  delay: ["seconds"], hang: ["seconds"], slow: ["rate"], status: ["status"], redirect: ["location"],
  accept_then_hang: ["seconds"],
};
const INPUTS = {
  seconds: (part, now) => field(`${part}.seconds`, now.seconds, "number"),
  rate: (part, now) => field(`${part}.bytes_per_second`, now.bytes_per_second, "whole"),
  status: (part, now) => field(`${part}.status`, now.status, "whole"),
  location: (part, now) => field(`${part}.location`, now.location, "text"),
};

function parameters(part, now) {
  const wanted = part === "gateway" && now.mode === "slow" ? ["seconds"] : PARAMETERS[now.mode] ?? [];
  const found = wanted.map((name) => labelled(t().f[name], INPUTS[name](part, now)));
  if (now.mode !== "none") found.push(labelled(t().f.count, field(`${part}.count`, now.count, "whole")));
  return found;
}

function drawn(now, { setConnection, scale, setScale }) {
  const words = t().f;
  const button = (state) => {
    const node = el("button", { type: "button", textContent: words[state] });
    node.addEventListener("click", () => setConnection(state));
    return node;
  };
  const time = el("input", { type: "number", min: 0, step: "any", value: scale });
  time.addEventListener("change", () => setScale(Number(time.value)));
  const { webhooks, media, gateway } = now;
  const group = (title, ...children) => el("fieldset", {}, el("legend", { textContent: title }), ...children);
  return [
    group(words.webhooks,
      labelled(words.drop, slider("webhooks.drop", webhooks.drop)),
      labelled(words.duplicate, slider("webhooks.duplicate", webhooks.duplicate)),
      labelled(words.reorder, slider("webhooks.reorder", webhooks.reorder)),
      labelled(words.slow, field("webhooks.slow_seconds", webhooks.slow_seconds, "number")),
      labelled(words.events, field("webhooks.events", webhooks.events.join(" "), "words"))),
    group(words.media, labelled(words.mode, choice("media.mode", media.mode, t().media)), ...parameters("media", media),
      media.mode === "none" ? "" : check("media.also_gateway", media.also_gateway, words.also)),
    group(words.gateway, labelled(words.mode, choice("gateway.mode", gateway.mode, t().gateway)),
      ...parameters("gateway", gateway),
      check("gateway.hide_echo", gateway.hide_echo, words.echo),
      check("gateway.hide_record", gateway.hide_record, words.record)),
    group(words.connection, el("div", { className: "row" }, button("open"), button("connecting"), button("logged_out"))),
    group(words.clock, labelled(words.scale, time)),
    el("button", { type: "submit", className: "primary", textContent: words.clear }),
  ];
}

const READ = {
  share: (input) => Number(input.value) / 100,
  number: (input) => (input.value === "" ? undefined : Number(input.value)),
  whole: (input) => (input.value === "" ? null : Math.round(Number(input.value))),
  words: (input) => input.value.split(/[\s,]+/).filter(Boolean),
  text: (input) => input.value,
  flag: (input) => input.checked,
};

function changed(now, input) {
  const [part, name] = input.name.split(".");
  const value = READ[input.dataset.kind](input);
  const needsValue = name === "status" || name === "bytes_per_second";
  if (value === undefined || (value === null && needsValue)) return now;
  return { ...now, [part]: { ...now[part], [name]: value } };
}

// `load` and `save` speak to the control API; both give the faults as they are now.
export function faultsDrawer(form, { load, save, setConnection, clock }) {
  let now = null;
  const draw = async () => {
    form.replaceChildren(...drawn(now, { setConnection, scale: await clock.get(), setScale: clock.set }));
    form.closest("aside").dataset.struck = String(isStruck(now));
  };
  const keep = async (next) => {
    now = await save(next);
    await draw();
  };
  form.addEventListener("change", (event) => { if (event.target.name) keep(changed(now, event.target)); });
  form.addEventListener("submit", (event) => { event.preventDefault(); keep(NONE); });
  return { refresh: async () => { now = await load(); await draw(); }, isStruck: () => now !== null && isStruck(now) };
}

function isStruck({ webhooks, media, gateway }) {
  const posts = webhooks.drop + webhooks.duplicate + webhooks.reorder + webhooks.slow_seconds > 0;
  return posts || media.mode !== "none" || gateway.mode !== "none" || gateway.hide_echo || gateway.hide_record;
}
