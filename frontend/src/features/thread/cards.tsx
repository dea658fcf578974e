import { ChartBarBig, CircleHelp, ExternalLink, MapPin, Phone } from "lucide-react";
import { useTranslation } from "react-i18next";
import type { Message } from "@/api/wire.gen";
import { cardsOf, linkOf, placeOf, pollOf, type Card } from "@/features/thread/kind-data";
import { formatPhone } from "@/lib/format";
import { Avatar } from "@/ui/avatar";

export function LocationCard({ message }: { message: Message }) {
  const { t } = useTranslation();
  const place = placeOf(message.data);
  const title = place?.name || t("cards.location");
  const where = place && `${place.latitude},${place.longitude}`;
  return (
    <div className="flex w-72 max-w-full items-center gap-3 p-1.5">
      <span className="grid size-10 shrink-0 place-items-center rounded-md bg-accent-wash text-accent">
        <MapPin className="size-5" aria-hidden />
      </span>
      <span className="min-w-0 flex-1">
        <span className="block truncate font-medium">{title}</span>
        <span className="line-clamp-2 block text-xs text-ink-soft">{place?.address || where?.replace(",", ", ")}</span>
        {where && (
          <a
            href={`https://www.google.com/maps/search/?api=1&query=${where}`}
            target="_blank"
            rel="noopener noreferrer"
            className="mt-1 inline-flex items-center gap-1 text-[13px] font-medium text-accent hover:underline"
          >
            {t("cards.openMap")}
            <ExternalLink className="size-3.5" aria-hidden />
          </a>
        )}
      </span>
    </div>
  );
}

export function ContactCard({ message }: { message: Message }) {
  const cards = cardsOf(message.data);
  const shown = cards.length > 0 ? cards : [{ name: message.text, phones: [] }];
  return (
    <ul className="flex w-72 max-w-full flex-col gap-2 p-1.5">
      {shown.map((card, index) => (
        <CardRow key={index} card={card} />
      ))}
    </ul>
  );
}

function CardRow({ card }: { card: Card }) {
  const { t } = useTranslation();
  const name = card.name || t("cards.contact");
  return (
    <li className="flex items-center gap-3">
      <Avatar src="" name={name} size="sm" className="size-10 text-sm" />
      <span className="min-w-0 flex-1">
        <span className="block truncate font-medium">{name}</span>
        {card.phones.map((phone) => (
          <a
            key={phone}
            href={`tel:${phone.replace(/[^\d+]/g, "")}`}
            aria-label={t("cards.call", { phone: formatPhone(phone) })}
            className="flex items-center gap-1 text-[13px] text-accent hover:underline"
          >
            <Phone className="size-3" aria-hidden />
            {formatPhone(phone)}
          </a>
        ))}
      </span>
    </li>
  );
}

export function PollCard({ message }: { message: Message }) {
  const { t } = useTranslation();
  const poll = pollOf(message.data, message.text);
  const most = Math.max(1, ...poll.options.map((option) => option.votes ?? 0));
  return (
    <section aria-label={t("cards.poll")} className="w-72 max-w-full p-1.5">
      <p className="font-medium">{poll.question || t("cards.poll")}</p>
      <p className="flex items-center gap-1 text-xs text-ink-soft">
        <ChartBarBig className="size-3" aria-hidden />
        {poll.choice === "one" ? t("cards.pollOne") : t("cards.pollMany")}
      </p>
      <ul className="mt-2 flex flex-col gap-2">
        {poll.options.map((option, index) => (
          <li key={index}>
            <span className="flex justify-between gap-3 text-[13px]">
              <span className="min-w-0 break-words">{option.name}</span>
              {option.votes !== null && (
                <span className="text-ink-soft tabular-nums">{t("cards.votes", { count: option.votes })}</span>
              )}
            </span>
            <span className="mt-1 block h-1 overflow-hidden rounded-full bg-ink/10" aria-hidden>
              <span className="block h-full rounded-full bg-accent" style={{ width: `${((option.votes ?? 0) / most) * 100}%` }} />
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}

export function UnsupportedCard() {
  const { t } = useTranslation();
  return (
    <div className="flex max-w-72 gap-2.5 p-1.5 text-ink-soft">
      <CircleHelp className="mt-0.5 size-4 shrink-0" aria-hidden />
      <span>
        <span className="block">{t("cards.unsupported")}</span>
        <span className="block text-xs">{t("cards.unsupportedHint")}</span>
      </span>
    </div>
  );
}

export function LinkCard({ message }: { message: Message }) {
  const link = linkOf(message.data);
  if (!link) return null;
  return (
    <a
      href={link.url}
      target="_blank"
      rel="noopener noreferrer"
      className="mb-1 block w-0 min-w-full rounded-md border-l-2 border-accent bg-ink/5 px-2.5 py-1.5 hover:bg-ink/8"
    >
      <span className="block truncate text-[13px] font-medium">{link.title}</span>
      {link.description && <span className="line-clamp-2 block text-xs text-ink-soft">{link.description}</span>}
      <span className="block truncate text-xs text-ink-faint">{new URL(link.url).hostname}</span>
    </a>
  );
}
