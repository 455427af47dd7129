// Istio's objects of the directory go through the validating webhook, as `kubectl apply` would send them; what it says is
// printed once for each form of an object. Refusing them is the control plane's own business.
import { refText } from "../base/object-ref.ts";
import type { AdmissionClient } from "./admission.ts";
import type { ObjectMap } from "./manifests.ts";

/** Gives a function that validates what has changed since it was called last. */
export function validateObjects(
  admission: AdmissionClient,
  log: (line: string) => void,
): (objects: ObjectMap) => Promise<void> {
  const seen = new Map<string, string>();
  return async (objects) => {
    for (const key of seen.keys()) if (!objects.has(key)) seen.delete(key);
    for (const [key, object] of objects) {
      if (!/(^|\.)istio\.io\//.test(object.apiVersion)) continue;
      const text = JSON.stringify(object);
      if (seen.get(key) === text) continue;
      seen.set(key, text);
      try {
        const verdict = await admission.review("/validate", object);
        const name = refText({ kind: object.kind, namespace: object.metadata.namespace, name: object.metadata.name });
        if (!verdict.allowed) log(`refused: ${name}\n${verdict.message}`);
        for (const warning of verdict.warnings) log(`warning: ${warning}`);
      } catch {
        // The control plane is away: the object is asked about again at the next change.
        seen.delete(key);
      }
    }
  };
}
