import type { Message } from "@/api/wire.gen";

/**
 * `data` carries what only its kind has and comes as JSON of any form: read here, once, into what the cards show. What is
 * not there is empty.
 */

type Json = Record<string, unknown>;

function isJson(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function number(value: unknown): number | null {
  return typeof value === "number" && Number.isFinite(value) ? value : null;
}

function list(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

export interface Place {
  name: string;
  address: string;
  latitude: number;
  longitude: number;
}

export function placeOf(data: Message["data"]): Place | null {
  const latitude = number(data.latitude);
  const longitude = number(data.longitude);
  if (latitude === null || longitude === null) return null;
  return { name: text(data.name), address: text(data.address), latitude, longitude };
}

export interface Card {
  name: string;
  phones: string[];
}

function cardOf(value: unknown): Card[] {
  if (!isJson(value)) return [];
  const phones = [...list(value.phones), value.phone].map(text).filter(Boolean);
  const name = text(value.name) || text(value.display_name);
  return name || phones.length > 0 ? [{ name, phones }] : [];
}

export function cardsOf(data: Message["data"]): Card[] {
  const many = list(data.contacts);
  return many.length > 0 ? many.flatMap(cardOf) : cardOf(data);
}

export interface Poll {
  question: string;
  options: { name: string; votes: number | null }[];
  choice: "one" | "many";
}

export function pollOf(data: Message["data"], fallback: string): Poll {
  const options = list(data.options).map((option) =>
    isJson(option)
      ? { name: text(option.name), votes: Array.isArray(option.voters) ? option.voters.length : number(option.votes) }
      : { name: text(option), votes: null },
  );
  const choice = number(data.selectable ?? data.selectable_count) === 1 ? "one" : "many";
  return { question: text(data.name) || text(data.question) || fallback, options, choice };
}

export interface LinkPreview {
  url: string;
  title: string;
  description: string;
}

export function linkOf(data: Message["data"]): LinkPreview | null {
  const link = isJson(data.link) ? data.link : isJson(data.link_preview) ? data.link_preview : null;
  const url = text(link?.url);
  if (!link || !/^https?:\/\//.test(url) || !text(link.title)) return null;
  return { url, title: text(link.title), description: text(link.description) };
}

/** The title of the advertisement that this conversation came from. */
export function adOf(data: Message["data"]): string {
  return isJson(data.ad) ? text(data.ad.title) || text(data.ad.body) : "";
}
