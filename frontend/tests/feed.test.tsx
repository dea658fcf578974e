import { QueryClient } from "@tanstack/react-query";
import { expect, it } from "vitest";
import { keys } from "@/api/keys";
import { allOf, type Pages } from "@/api/pages";
import type { DurableFrame, Page } from "@/api/shapes";
import type { Message } from "@/api/wire.gen";
import { messagesQuery } from "@/api/queries";
import { Feed } from "@/realtime/feed";
import { aConversation, aMessage } from "./shapes";

function received(seq: number): DurableFrame {
  const at = `2026-11-20T10:00:0${seq}.000Z`;
  const message = aMessage({ id: `m${seq}`, sent_at: at });
  return { type: "message_received", message, conversation: aConversation(), seq, at };
}

it("does an event again to an answer that was on its way when it came", async () => {
  const client = new QueryClient();
  const feed = new Feed(client);
  feed.watch();
  let answer: (page: Page<Message>) => void = () => undefined;
  const fetching = client.infiniteQuery({
    ...messagesQuery("c1"),
    queryFn: () => new Promise<Page<Message>>((resolve) => (answer = resolve)),
  });
  await Promise.resolve();
  feed.take(received(2));
  answer({ results: [aMessage({ id: "m1" })], next: null });
  await fetching;
  const data = client.getQueryData<Pages<Message>>(keys.messages("c1"));
  expect(allOf(data).map(({ id }) => id)).toEqual(["m2", "m1"]);
});

it("loses nothing that comes while an older page is fetched", async () => {
  const client = new QueryClient();
  const feed = new Feed(client);
  feed.watch();
  const first: Page<Message> = { results: [aMessage({ id: "m1" })], next: "more" };
  await client.infiniteQuery({ ...messagesQuery("c1"), queryFn: () => Promise.resolve(first) });
  let answer: (page: Page<Message>) => void = () => undefined;
  const older = client.infiniteQuery({
    ...messagesQuery("c1"),
    staleTime: 0,
    pages: 2,
    queryFn: ({ pageParam }) =>
      pageParam ? new Promise<Page<Message>>((resolve) => (answer = resolve)) : Promise.resolve(first),
  });
  await new Promise((resolve) => setTimeout(resolve, 10));
  feed.take(received(3));
  answer({ results: [aMessage({ id: "m0", sent_at: "2026-11-20T09:00:00.000Z" })], next: null });
  await older;
  const data = client.getQueryData<Pages<Message>>(keys.messages("c1"));
  expect(allOf(data).map(({ id }) => id)).toEqual(["m3", "m1", "m0"]);
});
