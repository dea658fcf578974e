import "@testing-library/jest-dom/vitest";
import { cleanup } from "@testing-library/react";
import { afterEach, beforeAll, vi } from "vitest";
import { startI18n } from "@/i18n/i18n";

// What jsdom leaves out and the page needs.
window.matchMedia = vi.fn((query: string) => Object.assign(new EventTarget(), { matches: false, media: query })) as never;
window.IntersectionObserver = class {
  observe = vi.fn();
  disconnect = vi.fn();
} as never;
window.ResizeObserver = class {
  observe = vi.fn();
  unobserve = vi.fn();
  disconnect = vi.fn();
};
Element.prototype.scrollTo = vi.fn();
Element.prototype.setPointerCapture = vi.fn();

beforeAll(async () => {
  await startI18n("pt-BR");
});

afterEach(cleanup);
