// Selecting pods by their labels, in the two forms that Istio has.
import { map, object, string } from "./schema.ts";

/** `selector.matchLabels` of the security kinds and of a DestinationRule. */
export const workloadSelector = (description: string) =>
  object(description, {
    matchLabels: map("Labels that a pod must all have", string("Value of the label; no wildcards", { maxLength: 63 }), {
      maxProperties: 4096,
    }),
  });

/** `workloadSelector.labels` of a ServiceEntry. */
export const labelSelector = (description: string) =>
  object(description, {
    labels: map(
      "Labels that a pod or WorkloadEntry must all have",
      string("Value of the label; no wildcards", { maxLength: 63 }),
      { maxProperties: 256 },
    ),
  });
