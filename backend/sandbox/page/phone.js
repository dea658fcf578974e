// The page: it polls what changed, draws it, and does what a hand on a phone does.
import { bubble, el, summary } from "./bubbles.js";
import { faultsDrawer } from "./faults.js";
import { $, about, bubbles, call, chat, here, isUnread, nameOf, root, selected, speaker, state } from "./hand.js";
import { drawAttachMenu, openActions, toggleAttach } from "./menus.js";
import { drawPeople } from "./people.js";
import { switchLanguage, t, write } from "./texts.js";

const POLL_MS = 800;
const TYPING_PAUSE_MS = 2500;

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
    drawPeople(open);
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
    showName: message.from_me || customer.is_group, onMenu: (message, anchor) => openActions(message, anchor, { refresh, onReply, onEdit }),
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
  drawPeople(open);
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

function onReply(message) {
  Object.assign(state, { reply: message, editing: null });
  showContext();
  $("text").focus();
}

function onEdit(message) {
  Object.assign(state, { editing: message, reply: null });
  $("text").value = message.text;
  showContext();
  $("text").focus();
}

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
  drawAttachMenu(say);
  if (state.instance) drawPeople(open);
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
  $("back").addEventListener("click", () => { state.selected = null; showScreen(); drawPeople(open); });
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
