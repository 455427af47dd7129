// CustomResourceDefinitions from the same schemas: types and descriptions only. What is wrong with a value is explained by
// the webhook, so nothing here may refuse a value before the webhook has seen it: no enum, range, pattern, required or CEL.
import type { KindDescription } from "./kind-description.ts";
import { type SchemaNode, schemaOf } from "./schema.ts";

/** A structural schema of Kubernetes, as far as it is used here. */
export interface CrdSchema {
  readonly type?: string;
  readonly format?: string;
  readonly description?: string;
  readonly properties?: Readonly<Record<string, CrdSchema>>;
  readonly additionalProperties?: CrdSchema;
  readonly items?: CrdSchema;
  readonly "x-kubernetes-preserve-unknown-fields"?: true;
  readonly "x-kubernetes-int-or-string"?: true;
}

/** One version of a CustomResourceDefinition. */
export interface CrdVersion {
  readonly name: string;
  readonly served: true;
  readonly storage: boolean;
  readonly subresources: { readonly status: object };
  readonly additionalPrinterColumns?: KindDescription["columns"];
  readonly schema: { readonly openAPIV3Schema: CrdSchema };
}

/** A CustomResourceDefinition of `apiextensions.k8s.io/v1`. */
export interface Crd {
  readonly apiVersion: "apiextensions.k8s.io/v1";
  readonly kind: "CustomResourceDefinition";
  readonly metadata: { readonly name: string };
  readonly spec: {
    readonly group: string;
    readonly scope: "Namespaced" | "Cluster";
    readonly names: {
      readonly kind: string;
      readonly listKind: string;
      readonly plural: string;
      readonly singular: string;
      readonly shortNames: readonly string[];
      readonly categories: readonly string[];
    };
    readonly versions: readonly CrdVersion[];
  };
}

/** The CustomResourceDefinition of a kind. */
export function crdFor(description: KindDescription): Crd {
  const { kind, group, plural, scope, shortNames, columns } = description;
  const schema = { openAPIV3Schema: documentSchema(description) };
  return {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: `${plural}.${group}` },
    spec: {
      group,
      scope,
      names: {
        kind,
        listKind: `${kind}List`,
        plural,
        singular: kind.toLowerCase(),
        shortNames,
        categories: ["istio-io", group.replaceAll(".", "-")],
      },
      versions: description.versions.map((name, index) => ({
        name,
        served: true,
        storage: index === 0,
        subresources: { status: {} },
        ...(columns.length === 0 ? {} : { additionalPrinterColumns: columns }),
        schema,
      })),
    },
  };
}

function documentSchema({ summary, body }: KindDescription): CrdSchema {
  const fields = Object.entries(body).map(([name, field]): [string, CrdSchema] => [name, structural(schemaOf(field))]);
  const status: CrdSchema = {
    type: "object",
    description: "What became of the object",
    "x-kubernetes-preserve-unknown-fields": true,
  };
  return { type: "object", description: summary, properties: { ...Object.fromEntries(fields), status } };
}

/** One schema as Kubernetes wants it, without anything that could refuse a value of the right type. */
function structural(node: SchemaNode): CrdSchema {
  const { description, properties, items, additionalProperties, format } = node;
  if (node.intOrString) return { description, "x-kubernetes-int-or-string": true };
  if (node.type === undefined) return { description, "x-kubernetes-preserve-unknown-fields": true };
  const head = { type: node.type, description, ...(format === undefined ? {} : { format }) };
  if (properties !== undefined) {
    return { ...head, properties: structuralFields(properties), "x-kubernetes-preserve-unknown-fields": true };
  }
  if (items !== undefined) return { ...head, items: structural(items) };
  return typeof additionalProperties === "object"
    ? { ...head, additionalProperties: structural(additionalProperties) }
    : head;
}

/** Fields with their other spellings, which users may go on writing. */
function structuralFields(properties: Readonly<Record<string, SchemaNode>>): Readonly<Record<string, CrdSchema>> {
  const entries = Object.entries(properties).flatMap(([name, field]): [string, CrdSchema][] => {
    const schema = structural(field);
    return field.alias === undefined
      ? [[name, schema]]
      : [
          [name, schema],
          [field.alias, schema],
        ];
  });
  return Object.fromEntries(entries);
}
