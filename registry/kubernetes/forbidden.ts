// What the API server says when it refuses, as the right that is missing and the line that shows whether it is there.
// @see https://kubernetes.io/docs/reference/access-authn-authz/authorization/

/** A right, as RBAC has it. */
export interface Right {
  readonly verb: string;
  /** "virtualservices.networking.istio.io", "pods", "clusterroles.rbac.authorization.k8s.io/finalizers". */
  readonly resource: string;
  /** The one object that it is about. */
  readonly name: string | undefined;
  /** undefined: in all namespaces, or of an object that has none. */
  readonly namespace: string | undefined;
  /** Who lacks it. */
  readonly user: string;
}

const refusal =
  /^(?:\d{3} )?(?:\S+ (?:"(?<name>[^"]*)" )?is forbidden: )?User "(?<user>[^"]+)" cannot (?<verb>\w+) resource "(?<plural>[^"/]+)(?:\/(?<sub>[^"]+))?" in API group "(?<group>[^"]*)"(?: in the namespace "(?<namespace>[^"]+)")?/;

/** The right that is missing by the API server's word; undefined where it refuses for another reason. */
export function missingRight(message: string): Right | undefined {
  const { name, user, verb, plural, sub, group, namespace } = refusal.exec(message)?.groups ?? {};
  if (user === undefined || verb === undefined || plural === undefined) return undefined;
  const type = group === undefined || group === "" ? plural : `${plural}.${group}`;
  const resource = sub === undefined ? type : `${type}/${sub}`;
  return { verb, resource, name: name === "" ? undefined : name, namespace, user };
}

/** "create secrets in namespace istio-system" */
export function rightText({ verb, resource, name, namespace }: Right): string {
  const which = name === undefined ? resource : `${resource} "${name}"`;
  return namespace === undefined ? `${verb} ${which}` : `${verb} ${which} in namespace "${namespace}"`;
}

/** A line for the terminal that answers "yes" as soon as the right is there. */
export function canI({ verb, resource, name, namespace, user }: Right): string {
  const [type, sub] = resource.split("/");
  const object = name === undefined ? type : `${type}/${name}`;
  const where = namespace === undefined ? "-A" : `-n ${namespace}`;
  const part = sub === undefined ? "" : ` --subresource=${sub}`;
  return `kubectl auth can-i ${verb} ${object}${part} ${where} --as=${user}`;
}
