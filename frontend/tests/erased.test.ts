import { QueryClient } from "@tanstack/react-query";
import { expect, it } from "vitest";
import { keys } from "@/api/keys";
import { forgetErased } from "@/realtime/erased";
import { aConversation, aMessage } from "./shapes";

function aClient(): QueryClient {
  const client = new QueryClient();
  client.setQueryData(keys.conversations(""), { pages: [{ results: [aConversation()], next: null }], pageParams: [""] });
  for (const id of ["c1", "c2"]) {
    client.setQueryData(keys.conversation(id), aConversation({ id }));
    client.setQueryData(keys.messages(id), { pages: [{ results: [aMessage()], next: null }], pageParams: [""] });
  }
  return client;
}

it("shows nothing of a conversation that was erased, and keeps the others", async () => {
  const client = aClient();
  await forgetErased(client, ["c1"]);
  expect(client.getQueryData(keys.messages("c1"))).toBeUndefined();
  expect(client.getQueryData(keys.conversation("c1"))).toBeUndefined();
  expect(client.getQueryData(keys.conversations(""))).toBeUndefined();
  expect(client.getQueryData(keys.messages("c2"))).toBeDefined();
});

it("passes by the place where an erased event stood", async () => {
  const client = aClient();
  await forgetErased(client, []);
  expect(client.getQueryData(keys.conversations(""))).toBeDefined();
});
