// Which of our two templates a pod asks for. Istio's users may name several, which are laid over one another.
import { type JsonObject, objectAt, textsAt } from "./json.ts";

export type Template = "sidecar" | "gateway";

export const templatesAnnotation = "inject.istio.io/templates";

/** The template; undefined where the pod asks for others, or for both. A name that stands there twice counts once. */
export function askedTemplate(pod: JsonObject): Template | undefined {
  const text = textsAt(objectAt(pod, "metadata"), "annotations")[templatesAnnotation];
  if (text === undefined) return "sidecar";
  const names = new Set(text.split(",").map((name) => name.trim()));
  names.delete("");
  if (names.size === 0) return "sidecar";
  const [name] = names;
  return names.size === 1 && (name === "sidecar" || name === "gateway") ? name : undefined;
}
