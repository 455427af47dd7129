// One object that translation stumbles over must not cost a proxy everything else: what can't be made keeps its last form.
import { errorText } from "../base/error.ts";
import type { EncodedResource, ResourceName, TypeUrl } from "../envoy/resource.ts";
import type { Translator } from "../envoy/translator.ts";

/** What a proxy holds of what is asked for, and who is told of failures. */
export interface Guard {
  lastGood(type: TypeUrl, name: string): EncodedResource | undefined;
  /** Told once for each failure, not again at every publication. */
  report(what: { readonly type?: TypeUrl; readonly name: string }, error: string): void;
}

/** Failures that are remembered as told. */
const toldLimit = 1_000;

/** The same translation, that never throws. */
export function guarded(translator: Translator, guard: Guard): Translator {
  const told = new Set<string>();
  const tell = (type: TypeUrl | undefined, name: string, thrown: unknown): void => {
    const error = errorText(thrown);
    const key = `${type ?? ""} ${name} ${error}`;
    if (told.has(key) || told.size >= toldLimit) return;
    told.add(key);
    guard.report({ ...(type === undefined ? {} : { type }), name }, error);
  };
  let lastEager: readonly ResourceName[] = [];
  return {
    knows: (snapshot, proxy) => translator.knows(snapshot, proxy),
    everyHost: (snapshot, proxy) => translator.everyHost(snapshot, proxy),
    eager(snapshot, proxy) {
      try {
        lastEager = translator.eager(snapshot, proxy);
      } catch (thrown) {
        tell(undefined, "everything unasked", thrown);
      }
      return lastEager;
    },
    resource(snapshot, proxy, type, name) {
      try {
        return translator.resource(snapshot, proxy, type, name);
      } catch (thrown) {
        tell(type, name, thrown);
        return guard.lastGood(type, name);
      }
    },
    virtualHostName(snapshot, proxy, asked) {
      try {
        return translator.virtualHostName(snapshot, proxy, asked);
      } catch (thrown) {
        tell(undefined, asked, thrown);
        return asked;
      }
    },
  };
}
