import { expect, test } from "vitest";
import { Undo } from "./undo.ts";

test("Undo takes back in the opposite order, once", async () => {
  const taken: string[] = [];
  const undo = new Undo();
  for (const name of ["first", "second"]) undo.add(() => void taken.push(name));
  await Promise.all([undo.run(), undo.run()]);
  expect(taken).toEqual(["second", "first"]);
});

test("Undo takes back all, and fails as the step that failed", async () => {
  const taken: string[] = [];
  const undo = new Undo();
  undo.add(() => void taken.push("first"));
  undo.add(() => Promise.reject(new Error("stuck")));
  undo.add(() => void taken.push("third"));
  await expect(undo.run()).rejects.toThrow("stuck");
  expect(taken).toEqual(["third", "first"]);
});
