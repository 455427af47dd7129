// Header values: Envoy's commands work, and a lone per cent sign does no harm.
import { expect, test } from "vitest";
import { headerValue } from "./headers.ts";

test.each([
  { given: "plain", want: "plain" },
  { given: "100%", want: "100%%" },
  { given: "50% of %REQ(x)%", want: "50%% of %%REQ(x)%%" },
  { given: "%DOWNSTREAM_REMOTE_ADDRESS%", want: "%DOWNSTREAM_REMOTE_ADDRESS%" },
  { given: "%REQ(x-user):10%!", want: "%REQ(x-user):10%!" },
  { given: "100%%", want: "100%%" },
])("headerValue($given) is $want", ({ given, want }) => {
  expect(headerValue(given)).toBe(want);
});
