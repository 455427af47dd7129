// Stands in for a Service: new connections go to replicas that are ready, those that are open stay where they are.
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";

/** A replica behind the balancer. */
export interface Replica {
  readonly port: number;
  readonly isReady: () => Promise<boolean>;
}

export interface Balancer {
  readonly port: number;
  /** From now on these; whoever is connected to another one stays so. */
  lead(replicas: readonly Replica[]): void;
  close(): Promise<void>;
}

/** As seldom as a node may learn of a change: the slowest of kube-proxy's usual ways. */
const learnEveryMs = 500;

/** Listen on this machine. */
export async function startBalancer(): Promise<Balancer> {
  const sockets = new Set<Socket>();
  let replicas: readonly Replica[] = [];
  let ready: readonly number[] = [];
  let turn = 0;
  const learn = async (): Promise<void> => {
    const known = await Promise.all(replicas.map(async ({ port, isReady }) => ((await isReady()) ? [port] : [])));
    ready = known.flat();
  };
  const timer = setInterval(() => void learn(), learnEveryMs);
  const server = createServer((client) => {
    const port = ready[turn++ % Math.max(ready.length, 1)];
    if (port === undefined) return void client.resetAndDestroy();
    const replica = connect(port, "127.0.0.1");
    const ends = [client, replica] as const;
    for (const [one, other] of [ends, ends.toReversed()] as const) {
      if (one === undefined || other === undefined) continue;
      sockets.add(one);
      one.pipe(other);
      one.on("error", () => other.destroy());
      one.once("close", () => sockets.delete(one));
    }
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port, // a TCP server that listens has no other form of address
    lead: (next) => {
      replicas = next;
      void learn();
    },
    close: async () => {
      clearInterval(timer);
      server.close();
      for (const socket of sockets) socket.destroy();
      await once(server, "close");
    },
  };
}
