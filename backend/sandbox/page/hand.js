// What the page knows, and how it speaks to the control API.

export const $ = (id) => document.getElementById(id);
export const root = new URL("../", location.href);
export const state = {
  name: null, instance: null, customers: [], messages: new Map(), revision: 0, typing: {}, selected: null,
  reply: null, editing: null, typingTimer: null,
};

export async function call(method, path, body) {
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

export const here = (path) => `control/instances/${encodeURIComponent(state.name)}/${path}`;
export const chat = (path) => here(`customers/${encodeURIComponent(state.selected)}/${path}`);
export const about = (message, what) => here(`messages/${encodeURIComponent(message.id)}/${what}`);

function notify(text) {
  $("notice").textContent = text;
  clearTimeout(notify.timer);
  notify.timer = setTimeout(() => { $("notice").textContent = ""; }, 6000);
}

export const selected = () => state.customers.find((customer) => customer.id === state.selected);
const talk = (id) =>
  [...state.messages.values()].filter((message) => message.chat === id).sort((a, b) => a.sent_at - b.sent_at);
export const bubbles = (id) => talk(id).filter((message) => message.kind !== "reaction");
export const isUnread = (message) => message.from_me && !message.is_deleted && ["SERVER_ACK", "DELIVERY_ACK"].includes(message.status);
export const nameOf = (id) => state.customers.find((customer) => customer.id === id)?.name ?? id;
export const speaker = () => (selected()?.is_group ? { participant: $("speaker").value } : {});
