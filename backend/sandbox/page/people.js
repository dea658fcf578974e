// The customers, one row each: whose phone you can take into your hand.
import { clock, el, summary } from "./bubbles.js";
import { $, bubbles, isUnread, state } from "./hand.js";
import { t } from "./texts.js";

function face(customer) {
  if (customer.picture) return el("img", { className: "face", src: `../pps/${customer.picture}`, alt: "" });
  const letter = (customer.name ?? "?").slice(0, 1);
  return el("span", { className: `face ${customer.is_group ? "group" : ""}`, textContent: letter });
}

export function drawPeople(open) {
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
