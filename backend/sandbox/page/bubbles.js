// One message as a bubble: a pure function of the message, the people and the words.
import { locale, t } from "./texts.js";

export const el = (tag, props = {}, ...children) => {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (name in node && name !== "list") node[name] = value;
    else node.setAttribute(name, value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
};

const TICKS = {
  PENDING: "M8 4a6 6 0 1 0 0 12a6 6 0 1 0 0-12M8 7v3.5l2 1.5",
  SERVER_ACK: "M3 10l3.5 3.5L14 6",
  DELIVERY_ACK: "M2 10l3.5 3.5L13 6M9.5 13.5L17 6",
  READ: "M2 10l3.5 3.5L13 6M9.5 13.5L17 6",
  PLAYED: "M2 10l3.5 3.5L13 6M9.5 13.5L17 6",
  ERROR: "M10 3a7 7 0 1 0 0 14a7 7 0 1 0 0-14M10 6.5v4.5M10 13.6v.1",
};

function icon(path) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 20 20");
  svg.setAttribute("aria-hidden", "true");
  const line = document.createElementNS("http://www.w3.org/2000/svg", "path");
  line.setAttribute("d", path);
  svg.append(line);
  return svg;
}

export function ticks(status) {
  const node = el("span", { className: `ticks ${status.toLowerCase()}`, title: t().status[status] });
  node.append(icon(TICKS[status]), el("span", { className: "sr", textContent: t().status[status] }));
  return node;
}

export const clock = (seconds) =>
  new Date(seconds * 1000).toLocaleTimeString(locale(), { hour: "2-digit", minute: "2-digit" });

export function summary(message) {
  if (message.is_deleted) return t().deleted;
  if (message.kind === "text") return message.text;
  const kind = t().kinds[message.kind] ?? message.kind;
  return message.text ? `${kind}: ${message.text}` : kind;
}

const size = (bytes) => (bytes > 1e6 ? `${(bytes / 1e6).toFixed(1)} MB` : `${Math.max(1, Math.round(bytes / 1e3))} kB`);
const address = (media) => `../control/media/${media.id}`;

const failing = (node) => {
  node.addEventListener("error", () => node.replaceWith(el("p", { className: "missing", textContent: t().failedMedia })));
  return node;
};

const picture = (message, className) =>
  failing(el("img", { className, src: address(message.media), alt: message.text || t().kinds[message.kind], loading: "lazy" }));

const film = (message, className) => {
  const isGif = message.kind === "gif";
  const node = el("video", { className, src: address(message.media), controls: !isGif, preload: "metadata" });
  if (isGif) Object.assign(node, { autoplay: true, loop: true, muted: true });
  return failing(node);
};

const file = (message) =>
  el("a", { className: "file", href: address(message.media), target: "_blank", rel: "noopener" },
    el("b", { textContent: (message.media.file_name.split(".").pop() || "?").slice(0, 4) }),
    el("span", {}, el("span", { textContent: message.media.file_name || message.media.mimetype }),
      el("small", { textContent: size(message.media.size_bytes) })));

const place = (message) => {
  const { latitude, longitude, place: name, address: street } = message.extra;
  return el("div", { className: "card" },
    el("strong", { textContent: name ?? "" }), el("span", { textContent: street ?? "" }),
    el("small", { textContent: `${latitude}, ${longitude}` }));
};

const cards = (message) =>
  el("div", { className: "card" }, ...(message.extra.contacts ?? []).map((card) =>
    el("p", {}, el("strong", { textContent: card.name }), el("small", { textContent: card.phone }))));

const poll = (message) =>
  el("div", { className: "card" }, el("strong", { textContent: message.text }),
    ...(message.extra.options ?? []).map((option) => el("span", { className: "option", textContent: option })));

const CONTENT = {
  image: (message) => picture(message, "photo"),
  sticker: (message) => picture(message, "sticker"),
  video: (message) => film(message, "photo"),
  gif: (message) => film(message, "photo"),
  video_note: (message) => film(message, "round"),
  voice: (message) => el("audio", { src: address(message.media), controls: true, preload: "metadata" }),
  audio: (message) => el("audio", { src: address(message.media), controls: true, preload: "metadata" }),
  document: file,
  lottie: file,
  location: place,
  contact: cards,
  poll,
};

function content(message) {
  if (message.is_deleted) return [el("p", { className: "gone", textContent: t().deleted })];
  const parts = [];
  const draw = CONTENT[message.kind];
  const needsFile = !["location", "contact", "poll"].includes(message.kind);
  if (draw && (message.media || !needsFile)) parts.push(draw(message));
  else if (message.kind !== "text") parts.push(el("p", { className: "kind", textContent: t().kinds[message.kind] ?? message.kind }));
  if (message.text && message.kind !== "poll") parts.push(el("p", { className: "words", textContent: message.text }));
  return parts;
}

function quote(message, find) {
  if (!message.quoted_id) return null;
  const quoted = find(message.quoted_id);
  return el("blockquote", { textContent: quoted ? summary(quoted) : message.quoted_id });
}

function reactions(message) {
  const emojis = Object.values(message.reactions);
  return emojis.length ? el("span", { className: "reactions", textContent: emojis.join("") }) : null;
}

// `nameOf` gives the writer's name, `find` a message by id, `onMenu` opens the actions.
export function bubble(message, { nameOf, find, isOwn, showName, onMenu }) {
  const foot = el("footer", {},
    message.is_hidden ? el("em", { textContent: t().hidden }) : null,
    message.is_edited ? el("em", { textContent: t().edited }) : null,
    el("time", { textContent: clock(message.sent_at) }), ticks(message.status));
  const menu = el("button", { type: "button", className: "quiet more", title: t().more });
  menu.setAttribute("aria-label", t().more);
  menu.append(icon("M5 8l5 5 5-5"));
  menu.addEventListener("click", () => onMenu(message, menu));
  const node = el("li", { className: `bubble ${isOwn ? "own" : "other"} ${message.kind}` });
  node.dataset.id = message.id;
  node.append(
    ...[
      showName ? el("strong", { className: "name", textContent: nameOf(message) }) : null,
      quote(message, find), ...content(message), foot, reactions(message), message.is_deleted ? null : menu,
    ].filter(Boolean),
  );
  return node;
}
