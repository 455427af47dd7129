// `metadata`: its schema for the check, and its form after parsing.
import { jsonPath } from "../base/json-path.ts";
import { isJsonObject } from "./normalize.ts";
import type { Metadata } from "./object.ts";
import { anything, bool, list, map, object, projection, required, type Static, string, uint64 } from "./schema.ts";
import type { SchemaProblem } from "./schema-findings.ts";

const fields = {
  name: string("Name"),
  namespace: string("Namespace"),
  labels: map("Labels", string("Value of the label")),
  annotations: map("Annotations", string("Value of the annotation")),
  creationTimestamp: string("When it was created"),
  deletionTimestamp: string("When its deletion was asked for"),
  uid: string("Identity of this very object"),
  resourceVersion: string("Version of the stored object"),
  generation: uint64("Version of the spec"),
  ownerReferences: list(
    "Owners",
    projection("One owner", {
      kind: required(string("Kind")),
      name: required(string("Name")),
      controller: bool("Whether the owner made it"),
    }),
  ),
};

/** Fields that Kubernetes knows and the mesh does not read. */
const unread = Object.fromEntries(
  ["generateName", "selfLink", "deletionGracePeriodSeconds", "finalizers", "managedFields"].map((name) => [
    name,
    anything("Not read by the mesh"),
  ]),
);

/** Metadata of kinds that users write for the mesh: a misspelled field is found. */
export const strictMetadata = object("Name, labels and annotations", { ...unread, ...fields });
/** Metadata of all other kinds. */
export const looseMetadata = projection("Name, labels and annotations", fields);

/** Metadata in the form that everything else reads, from metadata that passed the check. */
export function toMetadata(checked: Static<typeof looseMetadata>, namespace: string): Metadata {
  const { creationTimestamp, deletionTimestamp, uid, resourceVersion, generation } = checked;
  return {
    name: checked.name ?? "",
    namespace,
    labels: checked.labels ?? {},
    annotations: checked.annotations ?? {},
    ...(creationTimestamp === undefined ? {} : { creationTimestamp }),
    ...(deletionTimestamp === undefined ? {} : { deletionTimestamp }),
    ...(uid === undefined ? {} : { uid }),
    ...(resourceVersion === undefined ? {} : { resourceVersion }),
    ...(generation === undefined ? {} : { generation }),
    ownerReferences: (checked.ownerReferences ?? []).map(({ kind, name, controller }) => ({
      kind,
      name,
      controller: controller ?? false,
    })),
  };
}

/** What is wrong with name and namespace. @see https://kubernetes.io/docs/concepts/overview/working-with-objects/names/ */
export function checkNames(metadata: unknown): readonly SchemaProblem[] {
  const { name, namespace } = isJsonObject(metadata) ? metadata : {};
  const problems: SchemaProblem[] = [];
  if (name === undefined || name === "") {
    problems.push({
      code: "PIL1005",
      path: jsonPath("metadata", "name"),
      problem: "the object has no name",
      reason: "Nothing could refer to it",
      fix: "Add metadata.name",
    });
  } else if (typeof name === "string" && !(name.length <= 253 && subdomain.test(name))) {
    problems.push(badName("name", name, "dots", 253));
  }
  if (typeof namespace === "string" && namespace !== "" && !(namespace.length <= 63 && label.test(namespace))) {
    problems.push(badName("namespace", namespace, undefined, 63));
  }
  return problems;
}

const label = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;
const subdomain = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;

function badName(field: string, value: string, also: string | undefined, most: number): SchemaProblem {
  return {
    code: "PIL1007",
    path: jsonPath("metadata", field),
    problem: `the ${field} "${value.slice(0, 80)}" is not one that Kubernetes takes`,
    reason: "Kubernetes would refuse the object",
    fix: `Use lower case letters, digits${also === undefined ? "" : `, ${also}`} and hyphens, a letter or digit at both ends, at most ${most} characters`,
  };
}
