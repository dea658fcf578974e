// The page: it polls what changed, draws it, and does what a hand on a phone does.
import { bubble, clock, el, summary } from "./bubbles.js";
import { faultsDrawer } from "./faults.js";
import { switchLanguage, t, write } from "./texts.js";

const POLL_MS = 800;
const TYPING_PAUSE_MS = 2500;
const EMOJIS = ["\u{1F44D}", "\u2764\uFE0F", "\u{1F602}", "\u{1F62E}", "\u{1F622}", "\u{1F64F}"];
const ATTACHMENTS = [
  ["image", { kind: "image" }], ["album", { kind: "album" }], ["rotated", { kind: "image", sample: "photo-rotated.jpg" }],
  ["gps", { kind: "image", sample: "photo-gps.jpg" }], ["once", { kind: "image", wrapper: "view_once_flag" }],
  ["video", { kind: "video" }], ["gif", { kind: "gif" }], ["voice", { kind: "voice" }], ["audio", { kind: "audio" }],
  ["document", { kind: "document" }], ["sticker", { kind: "sticker" }],
  ["animated", { kind: "sticker", sample: "sticker-animated.webp" }], ["location", { kind: "location" }],
  ["contact", { kind: "contact" }], ["poll", { kind: "poll" }],
];
const $ = (id) => document.getElementById(id);
const root = new URL("../", location.href);
const state = {
  name: null, instance: null, customers: [], messages: new Map(), revision: 0, typing: {}, selected: null,
  reply: null, editing: null, typingTimer: null,
};

async function call(method, path, body) {
  const isForm = body instanceof FormData;
  const answer = await fetch(new URL(path, root), {
    method,
    body: body === undefined ? undefined : isForm ? body : JSON.stringify(body),
    headers: body === undefined || isForm ? {} : { "Content-Type": "application/json" },
  });
  const data = answer.status === 204 ? null : await answer.json();
  if (answer.ok) return data;
  notify(typeof data.detail === "string" ? data.detail : JSON.stringify(data.detail ?? data));
  throw new Error(`${method} ${path}: ${answer.status}`);
}

const here = (path) => `control/instances/${encodeURIComponent(state.name)}/${path}`;
const chat = (path) => here(`customers/${encodeURIComponent(state.selected)}/${path}`);
const about = (message, what) => here(`messages/${encodeURIComponent(message.id)}/${what}`);

function notify(text) {
  $("notice").textContent = text;
  clearTimeout(notify.timer);
  notify.timer = setTimeout(() => { $("notice").textContent = ""; }, 6000);
}

const selected = () => state.customers.find((customer) => customer.id === state.selected);
const talk = (id) =>
  [...state.messages.values()].filter((message) => message.chat === id).sort((a, b) => a.sent_at - b.sent_at);
const bubbles = (id) => talk(id).filter((message) => message.kind !== "reaction");
const isUnread = (message) => message.from_me && !message.is_deleted && ["SERVER_ACK", "DELIVERY_ACK"].includes(message.status);
const nameOf = (id) => state.customers.find((customer) => customer.id === id)?.name ?? id;

async function poll() {
  try {
    if (state.name) await refresh();
    else await chooseInstance();
  } catch (error) {
    console.warn(error.message);
  }
  setTimeout(poll, POLL_MS);
}

async function chooseInstance() {
  const { instances } = await call("GET", "control/state");
  $("no-instance").hidden = instances.length > 0;
  $("empty").hidden = instances.length === 0;
  if (!instances.length) return;
  const wanted = localStorage.getItem("sandbox.instance");
  useInstance(instances.some((one) => one.name === wanted) ? wanted : instances[0].name);
  const options = instances.map((one) => el("option", { value: one.name, textContent: one.name, selected: one.name === state.name }));
  $("instances").replaceChildren(...options);
  await refresh();
}

function useInstance(name) {
  localStorage.setItem("sandbox.instance", name);
  Object.assign(state, { name, instance: null, customers: [], messages: new Map(), revision: 0, selected: null });
  $("thread").replaceChildren();
  showScreen();
}

async function refresh() {
  const answer = await fetch(new URL(here(`view?revision=${state.revision}`), root));
  if (!answer.ok) return useNothing();
  const seen = await answer.json();
  if (state.instance && state.instance.id !== seen.instance.id) return useInstance(state.name);
  const changed = seen.messages;
  for (const message of changed) {
    state.messages.set(message.id, message);
    state.revision = Math.max(state.revision, message.revision);
  }
  const people = JSON.stringify([state.customers, state.instance, state.typing]);
  Object.assign(state, { instance: seen.instance, customers: seen.customers, typing: seen.typing });
  $("posts").textContent = Object.entries(seen.deliveries).map(([key, count]) => `${count} ${t().posts[key]}`).join(" · ");
  if (changed.length || people !== JSON.stringify([state.customers, state.instance, state.typing])) {
    drawPeople();
    drawHead();
  }
  if (changed.some((message) => message.chat === state.selected)) drawThread(new Set(changed.map((message) => message.id)));
  await readIfOpen();
}

function useNothing() {
  state.name = null;
  $("instances").replaceChildren();
  $("customers").replaceChildren();
  state.selected = null;
  showScreen();
}

function face(customer) {
  if (customer.picture) return el("img", { className: "face", src: `../pps/${customer.picture}`, alt: "" });
  const letter = (customer.name ?? "?").slice(0, 1);
  return el("span", { className: `face ${customer.is_group ? "group" : ""}`, textContent: letter });
}

function drawPeople() {
  const rows = state.customers.map((customer) => {
    const all = bubbles(customer.id);
    const last = all.at(-1);
    const unread = all.filter(isUnread).length;
    const note = customer.is_group ? t().group : customer.phone ? `+${customer.phone}` : t().lidOnly;
    const button = el("button", { type: "button", className: "person" },
      face(customer),
      el("span", { className: "about" },
        el("span", { className: "line" }, el("strong", { textContent: customer.name ?? customer.id }),
          last ? el("time", { textContent: clock(last.sent_at) }) : null),
        el("span", { className: "line" },
          el("small", { textContent: last ? summary(last) : note, title: note }),
          unread ? el("b", { className: "unread", textContent: String(unread) }) : null)));
    button.setAttribute("aria-current", String(customer.id === state.selected));
    button.addEventListener("click", () => open(customer.id));
    return el("li", {}, button);
  });
  $("customers").replaceChildren(...rows);
}

function drawHead() {
  const customer = selected();
  if (!customer) return;
  $("company").textContent = customer.is_group ? `${customer.name} · ${state.instance.profile_name}` : state.instance.profile_name;
  const typing = { composing: t().typing, recording: t().recording }[state.typing[customer.id]];
  $("presence").textContent = typing ?? (state.instance.state === "open" ? t().quiet : t().disconnected);
  $("presence").classList.toggle("live", Boolean(typing));
  $("online").checked = customer.is_online;
}

function drawn(message) {
  const isOwn = !message.from_me;
  const customer = selected();
  const writer = message.from === "agent" ? t().agent : message.from === "owner" ? t().owner : nameOf(message.from);
  return bubble(message, {
    isOwn, find: (id) => state.messages.get(id), nameOf: () => writer,
    showName: message.from_me || customer.is_group, onMenu: openActions,
  });
}

function drawThread(changed = null) {
  const thread = $("thread");
  const isAtEnd = thread.scrollHeight - thread.scrollTop - thread.clientHeight < 120;
  const there = new Map([...thread.children].map((node) => [node.dataset.id, node]));
  const wanted = bubbles(state.selected);
  if (!wanted.length) thread.replaceChildren(el("li", { className: "day", textContent: t().nothing }));
  else {
    const nodes = wanted.map((message) =>
      (!changed || changed.has(message.id) ? null : there.get(message.id)) ?? drawn(message));
    thread.replaceChildren(...nodes);
  }
  if (isAtEnd || !changed) requestAnimationFrame(() => { thread.scrollTop = thread.scrollHeight; });
}

function showScreen() {
  const customer = selected();
  document.body.classList.toggle("in-chat", Boolean(customer));
  $("screen").hidden = !customer;
  $("empty").hidden = Boolean(customer) || !state.name;
  if (!customer) return;
  $("speaker").hidden = !customer.is_group;
  const people = customer.participants.map((id) => el("option", { value: id, textContent: nameOf(id) }));
  $("speaker").replaceChildren(...people);
}

function open(id) {
  Object.assign(state, { selected: id, reply: null, editing: null });
  showScreen();
  showContext();
  drawPeople();
  drawHead();
  drawThread();
  $("text").focus();
  readIfOpen();
}

async function readIfOpen() {
  const isLooking = state.selected && document.visibilityState === "visible" && $("auto-read").checked;
  if (isLooking && selected()?.is_online && bubbles(state.selected).some(isUnread)) {
    await call("POST", chat("read"), { played: false });
  }
}

function showContext() {
  const subject = state.editing ?? state.reply;
  $("context").hidden = !subject;
  if (subject) $("context-text").textContent = (state.editing ? t().editing : t().replyingTo) + summary(subject);
}

function drop() {
  Object.assign(state, { reply: null, editing: null });
  showContext();
}

const speaker = () => (selected()?.is_group ? { participant: $("speaker").value } : {});

async function say(draft) {
  const quoted = state.reply ? { quoted: state.reply.id } : {};
  drop();
  await call("POST", chat("messages"), { ...draft, ...quoted, ...speaker() });
  await refresh();
}

async function submit(event) {
  event.preventDefault();
  const text = $("text").value.trim();
  if (!text) return;
  $("text").value = "";
  grow();
  stopTyping();
  if (!state.editing) return say({ kind: "text", text });
  const target = state.editing;
  drop();
  await call("POST", about(target, "edit"), { text });
  await refresh();
}

async function upload(file) {
  const kinds = { image: "image", video: "video", audio: "audio" };
  const draft = { kind: kinds[file.type.split("/")[0]] ?? "document", text: $("text").value.trim(), ...speaker() };
  if (state.reply) draft.quoted = state.reply.id;
  const form = new FormData();
  form.set("draft", JSON.stringify(draft));
  form.set("file", file);
  $("text").value = "";
  drop();
  await call("POST", chat("messages"), form);
  await refresh();
}

function typing() {
  if (!state.typingTimer) call("POST", chat("presence"), { presence: "composing", ...speaker() });
  clearTimeout(state.typingTimer);
  state.typingTimer = setTimeout(stopTyping, TYPING_PAUSE_MS);
}

function stopTyping() {
  if (!state.typingTimer || !state.selected) return;
  clearTimeout(state.typingTimer);
  state.typingTimer = null;
  call("POST", chat("presence"), { presence: "paused", ...speaker() });
}

function grow() {
  const text = $("text");
  text.style.height = "auto";
  text.style.height = `${Math.min(text.scrollHeight, 140)}px`;
}

function openActions(message, anchor) {
  document.querySelector(".menu.actions")?.remove();
  const action = (label, run) => {
    const node = el("button", { type: "button", textContent: label });
    node.setAttribute("role", "menuitem");
    node.addEventListener("click", () => { menu.remove(); run(); });
    return node;
  };
  const emojis = EMOJIS.map((emoji) => action(emoji, async () => {
    const isOff = Object.values(message.reactions).includes(emoji);
    await call("POST", about(message, "react"), { emoji: isOff ? "" : emoji, ...speaker() });
    await refresh();
  }));
  const menu = el("div", { className: "menu actions" }, el("div", { className: "row" }, ...emojis),
    action(t().reply, () => { Object.assign(state, { reply: message, editing: null }); showContext(); $("text").focus(); }));
  menu.setAttribute("role", "menu");
  if (!message.from_me || message.from === "owner") {
    menu.append(
      action(t().edit, () => {
        Object.assign(state, { editing: message, reply: null });
        $("text").value = message.text;
        showContext();
        $("text").focus();
      }),
      action(t().remove, async () => { await call("POST", about(message, "delete"), {}); await refresh(); }),
    );
  }
  anchor.closest("li").append(menu);
  menu.scrollIntoView({ block: "nearest" });
}

function drawAttachMenu() {
  const item = (label, run) => {
    const node = el("button", { type: "button", textContent: label });
    node.setAttribute("role", "menuitem");
    node.addEventListener("click", () => { toggleAttach(false); run(); });
    return node;
  };
  const kinds = ATTACHMENTS.map(([name, draft]) => item(t().kinds[name], () => {
    const text = $("text").value.trim() || (draft.kind === "poll" ? t().pollQuestion : "");
    $("text").value = "";
    return say({ ...draft, text: ["sticker", "voice", "audio", "location", "contact"].includes(draft.kind) ? "" : text });
  }));
  $("attach-menu").replaceChildren(...kinds, item(t().kinds.file, () => $("file").click()));
}

function toggleAttach(isOpen) {
  $("attach-menu").hidden = !isOpen;
  $("attach").setAttribute("aria-expanded", String(isOpen));
}

const drawer = faultsDrawer($("faults-form"), {
  load: () => call("GET", here("faults")),
  save: (faults) => call("PUT", here("faults"), faults),
  setConnection: async (wanted) => { await call("POST", here("connection"), { state: wanted }); await refresh(); },
  clock: {
    get: async () => (await call("GET", "control/state")).time_scale,
    set: (scale) => call("PUT", "control/clock", { time_scale: scale }),
  },
});

async function toggleFaults(isOpen) {
  if (isOpen && state.name) await drawer.refresh();
  $("faults").hidden = !isOpen;
  $("open-faults").setAttribute("aria-expanded", String(isOpen));
  $("open-faults").classList.toggle("struck", drawer.isStruck());
}

function translate() {
  write(document);
  $("language").textContent = t().languageMark;
  $("text").placeholder = t().message;
  drawAttachMenu();
  if (state.instance) drawPeople();
  if (state.selected) {
    drawHead();
    drawThread();
    showContext();
  }
  if (!$("faults").hidden) drawer.refresh();
}

function listen() {
  $("composer").addEventListener("submit", submit);
  $("text").addEventListener("input", () => { grow(); typing(); });
  $("text").addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.shiftKey) submit(event);
    if (event.key === "Escape") drop();
  });
  $("attach").addEventListener("click", () => toggleAttach($("attach-menu").hidden));
  $("file").addEventListener("change", () => { if ($("file").files[0]) upload($("file").files[0]); $("file").value = ""; });
  $("context-close").addEventListener("click", drop);
  $("back").addEventListener("click", () => { state.selected = null; showScreen(); drawPeople(); });
  $("online").addEventListener("change", () => call("PATCH", here(`customers/${state.selected}`), { is_online: $("online").checked }));
  $("auto-read").checked = localStorage.getItem("sandbox.autoRead") !== "no";
  $("auto-read").addEventListener("change", () => {
    localStorage.setItem("sandbox.autoRead", $("auto-read").checked ? "yes" : "no");
    readIfOpen();
  });
  $("instances").addEventListener("change", () => { useInstance($("instances").value); refresh(); });
  $("language").addEventListener("click", () => { switchLanguage(); translate(); });
  $("open-faults").addEventListener("click", () => toggleFaults($("faults").hidden));
  $("close-faults").addEventListener("click", () => toggleFaults(false));
  $("no-instance").addEventListener("submit", async (event) => {
    event.preventDefault();
    await call("POST", "control/instances", { ...Object.fromEntries(new FormData(event.target)), with_cast: true });
  });
  document.addEventListener("click", (event) => {
    if (!event.target.closest(".menu, .more, #attach")) {
      document.querySelector(".menu.actions")?.remove();
      toggleAttach(false);
    }
  });
  document.addEventListener("visibilitychange", readIfOpen);
  document.addEventListener("play", (event) => {
    const id = event.target.closest?.("li.voice")?.dataset.id;
    const message = id && state.messages.get(id);
    if (message?.from_me && message.status !== "PLAYED") call("POST", about(message, "receipt"), { status: "PLAYED" });
  }, true);
}

listen();
translate();
poll();
