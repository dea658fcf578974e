import type { InfiniteData } from "@tanstack/react-query";
import type { Page } from "@/api/shapes";

export type Pages<Item> = InfiniteData<Page<Item>>;

export function allOf<Item>(pages: Pages<Item> | undefined): Item[] {
  return pages?.pages.flatMap((page) => page.results) ?? [];
}

/** Changes items in place; what nothing changed in stays the same object. */
export function mapPages<Item>(data: Pages<Item>, change: (item: Item) => Item): Pages<Item> {
  const pages = data.pages.map((page) => {
    const results = page.results.map(change);
    return results.every((item, index) => item === page.results[index]) ? page : { ...page, results };
  });
  return pages.every((page, index) => page === data.pages[index]) ? data : { ...data, pages };
}

/**
 * Puts an item where the order wants it and takes its older self out. An item that belongs behind the last loaded page
 * stays out: it comes with the page it is on.
 */
export function placeItem<Item>(
  data: Pages<Item>,
  item: Item,
  is: { same: (other: Item) => boolean; before: (other: Item) => boolean },
): Pages<Item> {
  const pages = data.pages.map((page) => {
    const results = page.results.filter((other) => !is.same(other));
    return results.length === page.results.length ? page : { ...page, results };
  });
  const at = pages.findIndex((page) => page.results.some(is.before));
  const last = pages.length - 1;
  if (at >= 0) insert(pages, at, item, is.before);
  else if (last >= 0 && pages[last]?.next === null) insert(pages, last, item, is.before);
  return { ...data, pages };
}

function insert<Item>(pages: Page<Item>[], at: number, item: Item, before: (other: Item) => boolean): void {
  const page = pages[at];
  if (!page) return;
  const found = page.results.findIndex(before);
  const index = found < 0 ? page.results.length : found;
  pages[at] = { ...page, results: page.results.toSpliced(index, 0, item) };
}
