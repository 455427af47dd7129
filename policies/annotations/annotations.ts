// Istio's annotations on objects of Kubernetes: misspelled, misplaced, malformed or out of date, they are ignored without a word.
import type { ObjectOf } from "../../api/kinds.ts";
import { nearest } from "../../api/nearest.ts";
import { child, type JsonPath, jsonPath } from "../../base/json-path.ts";
import { complaint } from "../complaint.ts";
import { podOf } from "../injection/pod-specs.ts";
import { type Complaint, rule } from "../rule.ts";
import { type Carrier, type KnownAnnotation, knownAnnotations } from "./known.ts";
import { valueForms } from "./values.ts";

const kinds = ["Pod", "Deployment", "Service", "Namespace"] as const;
type Annotated = ObjectOf<(typeof kinds)[number]>;

/** The annotation is one of Istio's. */
export const unknownAnnotations = rule({
  code: "PIL5111",
  alias: "IST0108",
  kinds,
  enforcement: "warn",
  summary: "annotations of Istio's are ones that there are",
  *check(object): Iterable<Complaint> {
    for (const { name, path, known } of annotationsOf(object)) {
      if (known !== undefined) continue;
      const near = nearest(name, [...knownAnnotations.keys()]);
      const fix = near === undefined ? "Take it away, or look its name up" : `Write ${near}`;
      yield complaint(path, `there is no annotation "${name}"`, "Nobody reads it, and it has no effect", fix);
    }
  },
});

/** It stands where it is read. */
export const misplacedAnnotations = rule({
  code: "PIL5112",
  alias: "IST0107",
  kinds,
  enforcement: "warn",
  summary: "annotations stand on objects whose annotations are read",
  *check(object): Iterable<Complaint> {
    for (const { name, path, known, carrier } of annotationsOf(object)) {
      if (known === undefined || isRead(known, carrier)) continue;
      const where = known.carriers.map((kind) => `a ${kind}`).join(" or ");
      const isForPods = carrier === "Deployment" && known.carriers.includes("Pod");
      yield complaint(
        path,
        `"${name}" stands on a ${carrier}, and is read on ${where} only`,
        "It has no effect here",
        isForPods ? "Move it to spec.template.metadata.annotations" : `Move it to ${where}`,
      );
    }
  },
});

/** Its value has the form that the injector reads. */
export const annotationValues = rule({
  code: "PIL5002",
  alias: "IST0125",
  kinds: ["Pod", "Deployment"],
  enforcement: "deny",
  summary: "values of annotations have the form that injection reads",
  *check(object): Iterable<Complaint> {
    for (const { name, path, known, carrier, value } of annotationsOf(object)) {
      const form = valueForms.get(name);
      if (known === undefined || !isRead(known, carrier) || form === undefined || form.fits(value)) continue;
      yield complaint(
        path,
        `annotation ${name} is "${value.slice(0, 80)}"`,
        `Injection refuses the pod; the value must be ${form.expects}`,
        "Correct the value, or remove the annotation to get the default",
      );
    }
  },
});

/** It is not one that another has taken the place of. */
export const oldAnnotations = rule({
  code: "PIL5113",
  alias: "IST0135",
  kinds,
  enforcement: "status",
  summary: "annotations are the present ones",
  *check(object): Iterable<Complaint> {
    for (const { name, path, known } of annotationsOf(object)) {
      // The label of the same name counts then, and says the newer thing.
      if (known?.successor === undefined || object.metadata.labels[name] !== undefined) continue;
      const fix = known.successor === "" ? "Take it away" : `Use ${known.successor}`;
      yield complaint(path, `"${name}" is an old annotation`, "It may go with a later version", fix);
    }
  },
});

interface Annotation {
  readonly name: string;
  readonly value: string;
  readonly path: JsonPath;
  readonly known: KnownAnnotation | undefined;
  readonly carrier: Carrier;
}

/** Istio's annotations of an object, and of the pods that it makes. */
function annotationsOf(object: Annotated): readonly Annotation[] {
  const own = istios(object.metadata.annotations, object.kind, jsonPath("metadata", "annotations"));
  if (object.kind !== "Deployment") return own;
  const { annotations, path } = podOf(object);
  return [...own, ...istios(annotations, "Pod", child(path, "metadata", "annotations"))];
}

function istios(annotations: Readonly<Record<string, string>>, carrier: Carrier, path: JsonPath): Annotation[] {
  return Object.entries(annotations).flatMap(([name, value]) => {
    const known = knownAnnotations.get(name);
    const isIstios = known !== undefined || /(^|\.)istio\.io$/.test(name.split("/", 1)[0] ?? "");
    return isIstios ? [{ name, value, path: child(path, name), known, carrier }] : [];
  });
}

function isRead({ carriers }: KnownAnnotation, carrier: Carrier): boolean {
  return carriers.includes("any") || carriers.includes(carrier);
}
