// The running demo as the walkthrough sees it: rules are files in a folder, requests are curl in a pod.
import type { Answer } from "./answer.ts";

/** Where a command runs: "default/curl" is a container of a pod of that Deployment (or of the pod of that name). */
export type Place = `${string}/${string}`;

export interface Output {
  readonly stdout: string;
  readonly stderr: string;
  readonly code: number;
}

/** What the validating webhook says of an object. */
export interface Verdict {
  readonly allowed: boolean;
  readonly message: string;
  readonly warnings: readonly string[];
}

export interface Ask {
  /** `-H` of curl: "end-user: jason". */
  readonly headers?: readonly string[];
  /** Ask so many times over, on one connection where the server keeps it. Default 1. */
  readonly times?: number;
  /** Give up after so many seconds. Default 15. */
  readonly maxSeconds?: number;
  /** More arguments of curl. */
  readonly args?: readonly string[];
}

export interface DemoPod {
  readonly namespace: string;
  readonly name: string;
  readonly ip: string;
  /** "2/2" */
  readonly ready: string;
}

export interface DemoMesh {
  /** The ingress gateway's port 80, from the host: "http://127.0.0.1:PORT". */
  readonly ingressUrl: string;
  /** The folder of YAML that the mesh follows. */
  readonly directory: string;
  /** Write `NAME.yaml` into the folder. */
  apply(name: string, yaml: string): void;
  /** Write a file of samples/ into the folder. */
  applySample(path: string): void;
  remove(name: string): void;
  /** Take away everything that was applied since the last call. */
  restore(): Promise<void>;
  /** Ask once, or say why there is no answer. */
  ask(from: Place, url: string, ask?: Ask): Promise<Answer>;
  askMany(from: Place, url: string, ask: Ask): Promise<readonly Answer[]>;
  /** Ask the ingress gateway from the host. */
  askIngress(path: string, ask?: Ask): Promise<Answer>;
  exec(
    place: Place,
    command: readonly string[],
    options?: { readonly container?: string; readonly input?: string },
  ): Promise<Output>;
  pods(): readonly DemoPod[];
  podsOf(place: Place): readonly DemoPod[];
  logs(place: Place, container: string): string;
  /** Delete the pods of a Deployment and wait for new ones. */
  restart(place: Place): Promise<void>;
  /** Ask /validate with a real AdmissionReview. */
  review(yaml: string): Promise<Verdict>;
  readonly controlPlane: {
    /** SIGKILL. */
    kill(): Promise<void>;
    start(): Promise<void>;
    /** A metric's sum over all its labels, from /metrics. */
    metric(name: string): Promise<number>;
  };
}
