import { expect, test } from "vitest";
import { hostsText } from "./hosts.ts";

const input = {
  pod: { name: "web-1", namespace: "shop", address: "10.77.0.9" },
  services: [
    { name: "web", namespace: "shop", addresses: ["10.96.0.20"] },
    { name: "db", namespace: "data", addresses: ["10.77.0.4", "10.77.0.5"] },
    { name: "empty", namespace: "shop", addresses: [] },
  ],
  extra: [{ host: "www.example.com", address: "10.77.0.7" }],
  clusterDomain: "cluster.local",
};

test("hostsText() gives short names in the pod's own namespace only, and a line for each address", () => {
  expect(hostsText(input)).toBe(`127.0.0.1 localhost
::1 localhost
10.77.0.9 web-1
10.77.0.7 www.example.com
10.96.0.20 web web.shop web.shop.svc web.shop.svc.cluster.local
10.77.0.4 db.data db.data.svc db.data.svc.cluster.local
10.77.0.5 db.data db.data.svc db.data.svc.cluster.local
`);
});
