import type { Pod } from "../../api/pod.ts";
import { jsonPath } from "../../base/json-path.ts";
import { memoize } from "../../base/memo.ts";
import { selectedRevision } from "../../model/injection-labels.ts";
import { groupBy } from "../../model/keep.ts";
import { sidecarNames } from "../../model/sidecar.ts";
import type { World } from "../../model/world.ts";
import { complaint } from "../complaint.ts";
import { type Complaint, rule } from "../rule.ts";
import { injectsByDefault, proxyImage } from "./installation.ts";

/** Annotation by which a pod chooses an image itself. */
const imageAnnotation = "sidecar.istio.io/proxyImage";

/** Most pods that one message names. */
const namedPods = 5;

/** Proxies are of the version that is installed: a pod keeps the one that it was made with. */
export const proxyImages = rule({
  code: "PIL5107",
  alias: "IST0158",
  kinds: ["Namespace"],
  enforcement: "warn",
  summary: "the proxies of a namespace are of the installed version",
  *check({ metadata }, { world }): Iterable<Complaint> {
    const { name, labels } = metadata;
    const revision = selectedRevision({}, { name, labels }, injectsByDefault(world));
    const wanted = revision === undefined ? undefined : proxyImage(world, revision);
    if (wanted === undefined) return;
    const others = (podsByNamespace(world.objects.Pod).get(name) ?? []).filter((pod) => {
      const image = imageOf(pod);
      return image !== undefined && versionOf(image) !== versionOf(wanted);
    });
    if (others.length === 0) return;
    const shown = others.slice(0, namedPods).map((pod) => `${pod.metadata.name} (${imageOf(pod) ?? ""})`);
    const more = others.length > namedPods ? ` and ${others.length - namedPods} more` : "";
    yield complaint(
      jsonPath("metadata", "labels"),
      `the proxies of ${shown.join(", ")}${more} are not ${wanted}, which is installed`,
      "They stay as they are until their pods are made again, with the faults that the newer one has lost",
      `kubectl rollout restart deployment --namespace ${name}`,
    );
  },
});

const podsByNamespace = memoize((pods: World["objects"]["Pod"]) =>
  groupBy(pods.values(), ({ metadata }) => metadata.namespace),
);

/** The proxy's image, unless the pod chose it or has no proxy. */
function imageOf({ metadata, spec }: Pod): string | undefined {
  if (metadata.annotations[imageAnnotation] !== undefined) return undefined;
  const all = [...(spec.containers ?? []), ...(spec.initContainers ?? [])];
  return all.find(({ name }) => name === sidecarNames.proxyContainer)?.image;
}

/** Variants of an image are of its version. */
function versionOf(image: string): string {
  return image.replace(/-(distroless|debug)$/, "");
}
