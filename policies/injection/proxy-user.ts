import { child } from "../../base/json-path.ts";
import { proxyUserId, sidecarNames } from "../../model/sidecar.ts";
import { complaint } from "../complaint.ts";
import { type Complaint, rule } from "../rule.ts";
import { podOf } from "./pod-specs.ts";

/** User 1337 is the proxy's own: what it sends is not redirected. */
export const proxyUser = rule({
  code: "PIL5005",
  alias: "IST0144",
  kinds: ["Pod", "Deployment"],
  enforcement: "warn",
  summary: "applications run as another user than the proxy",
  *check(object): Iterable<Complaint> {
    const { containers, hostNetwork, runAsUser, specPath } = podOf(object);
    if (hostNetwork) return;
    const applications = containers.filter(({ name }) => name !== sidecarNames.proxyContainer);
    const places = [{ runAsUser, path: specPath }, ...applications];
    for (const place of places) {
      if (place.runAsUser !== proxyUserId) continue;
      yield complaint(
        child(place.path, "securityContext", "runAsUser"),
        `the application runs as user ${proxyUserId}, which is the proxy's`,
        "Its connections are taken for the proxy's own, are not redirected, and bypass the mesh",
        "Choose another user",
      );
    }
  },
});
