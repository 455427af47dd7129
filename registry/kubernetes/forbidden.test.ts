import { expect, test } from "vitest";
import { canI, missingRight, rightText } from "./forbidden.ts";

const user = "system:serviceaccount:istio-system:istiod";

test.each([
  {
    name: "a list of all namespaces",
    given: `403 pods is forbidden: User "${user}" cannot list resource "pods" in API group "" at the cluster scope`,
    text: "list pods",
    line: `kubectl auth can-i list pods -A --as=${user}`,
  },
  {
    name: "one object of a namespace",
    given: `secrets "pillion-ca" is forbidden: User "${user}" cannot get resource "secrets" in API group "" in the namespace "istio-system"`,
    text: 'get secrets "pillion-ca" in namespace "istio-system"',
    line: `kubectl auth can-i get secrets/pillion-ca -n istio-system --as=${user}`,
  },
  {
    name: "a kind of a group",
    given: `mutatingwebhookconfigurations.admissionregistration.k8s.io "a" is forbidden: User "${user}" cannot patch resource "mutatingwebhookconfigurations" in API group "admissionregistration.k8s.io" at the cluster scope: RBAC: clusterrole.rbac.authorization.k8s.io "b" not found`,
    text: 'patch mutatingwebhookconfigurations.admissionregistration.k8s.io "a"',
    line: `kubectl auth can-i patch mutatingwebhookconfigurations.admissionregistration.k8s.io/a -A --as=${user}`,
  },
  {
    name: "a part of an object",
    given: `pods "a" is forbidden: User "${user}" cannot update resource "pods/status" in API group "" in the namespace "shop"`,
    text: 'update pods/status "a" in namespace "shop"',
    line: `kubectl auth can-i update pods/a --subresource=status -n shop --as=${user}`,
  },
])("missingRight() reads the refusal of $name", ({ given, text, line }) => {
  const right = missingRight(given);
  expect(right && rightText(right)).toBe(text);
  expect(right && canI(right)).toBe(line);
});

test.each(["", "Unauthorized", 'namespaces "shop" is forbidden: it is being terminated'])(
  "missingRight() finds none in %j",
  (message) => {
    expect(missingRight(message)).toBeUndefined();
  },
);
