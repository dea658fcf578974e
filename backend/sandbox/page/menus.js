// The two menus: what can be done to a message, and what can be sent.
import { el } from "./bubbles.js";
import { $, about, call, speaker } from "./hand.js";
import { t } from "./texts.js";

const EMOJIS = ["\u{1F44D}", "\u2764\uFE0F", "\u{1F602}", "\u{1F62E}", "\u{1F622}", "\u{1F64F}"];
const ATTACHMENTS = [
  ["image", { kind: "image" }], ["album", { kind: "album" }], ["rotated", { kind: "image", sample: "photo-rotated.jpg" }],
  ["gps", { kind: "image", sample: "photo-gps.jpg" }], ["once", { kind: "image", wrapper: "view_once_flag" }],
  ["video", { kind: "video" }], ["gif", { kind: "gif" }], ["voice", { kind: "voice" }], ["audio", { kind: "audio" }],
  ["document", { kind: "document" }], ["sticker", { kind: "sticker" }],
  ["animated", { kind: "sticker", sample: "sticker-animated.webp" }], ["location", { kind: "location" }],
  ["contact", { kind: "contact" }], ["poll", { kind: "poll" }],
];

export function openActions(message, anchor, { refresh, onReply, onEdit }) {
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
    action(t().reply, () => onReply(message)));
  menu.setAttribute("role", "menu");
  if (!message.from_me || message.from === "owner") {
    menu.append(
      action(t().edit, () => onEdit(message)),
      action(t().remove, async () => { await call("POST", about(message, "delete"), {}); await refresh(); }),
    );
  }
  anchor.closest("li").append(menu);
  menu.scrollIntoView({ block: "nearest" });
}

export function drawAttachMenu(say) {
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

export function toggleAttach(isOpen) {
  $("attach-menu").hidden = !isOpen;
  $("attach").setAttribute("aria-expanded", String(isOpen));
}
