// How long a request may take.
import { durationOf, milliseconds } from "../duration.ts";
import { forwarding, type RouteFeature } from "./feature.ts";

/** `timeout`: none where the rule says nothing; Envoy's own default of 15 s would surprise everybody. */
export const timeout: RouteFeature = (route, { spec }) => {
  const action = forwarding(route);
  if (action !== undefined) action.timeout = durationOf(spec.timeout) ?? milliseconds(0);
};
