// Rules of AuthorizationPolicies as sets of requests: does one hold whenever another does?
import type { AuthorizationRule } from "../../api/authorization-policy.ts";
import { coversList, isApart } from "./patterns.ts";

/** Conditions by field, such as those of a source; a field and its opposite, "namespaces" and "notNamespaces". */
export type Fields = Readonly<Record<string, readonly string[] | undefined>>;

/** Whether `wide` holds for every request that `narrow` holds for; false also when that cannot be told. */
export function coversRule(wide: AuthorizationRule, narrow: AuthorizationRule): boolean {
  const sources = (rule: AuthorizationRule): readonly Fields[] => (rule.from ?? []).map(({ source }) => source ?? {});
  const operations = (rule: AuthorizationRule): readonly Fields[] =>
    (rule.to ?? []).map(({ operation }) => operation ?? {});
  if (!coversSome(sources(wide), sources(narrow))) return false;
  if (!coversSome(operations(wide), operations(narrow))) return false;
  return (wide.when ?? []).every((condition) =>
    (narrow.when ?? []).some(
      (other) => other.key === condition.key && coversFields(asFields(condition), asFields(other)),
    ),
  );
}

/** Fields that ask for nothing but what their opposite forbids. */
export function contradictions(fields: Fields): readonly string[] {
  return Object.entries(fields).flatMap(([field, values = []]) => {
    const forbidden = fields[oppositeOf(field)] ?? [];
    const isForbidden = isPositive(field) && values.length > 0 && coversList(field, forbidden, values);
    return isForbidden ? [field] : [];
  });
}

/** A condition on an attribute, as the fields of a source are written. */
export function asFields({ key, values, notValues }: NonNullable<AuthorizationRule["when"]>[number]): Fields {
  return { [key]: values, [oppositeOf(key)]: notValues };
}

/** None means all. */
function coversSome(wide: readonly Fields[], narrow: readonly Fields[]): boolean {
  if (wide.length === 0) return true;
  return narrow.length > 0 && narrow.every((part) => wide.some((other) => coversFields(other, part)));
}

function coversFields(wide: Fields, narrow: Fields): boolean {
  return Object.entries(wide).every(([field, values = []]) => {
    if (values.length === 0) return true;
    const same = narrow[field] ?? [];
    if (isPositive(field)) return same.length > 0 && coversList(field, values, same);
    const asked = narrow[oppositeOf(field)] ?? [];
    // What the wide one leaves out, the narrow one leaves out as well, or does not ask for.
    return coversList(field, same, values) || (asked.length > 0 && isApart(field, asked, values));
  });
}

function isPositive(field: string): boolean {
  return !/^not[A-Z]|^not /.test(field);
}

function oppositeOf(field: string): string {
  if (/^not[A-Z]/.test(field)) return field.charAt(3).toLowerCase() + field.slice(4);
  if (field.startsWith("not ")) return field.slice("not ".length);
  return /[.[]/.test(field) ? `not ${field}` : `not${field.charAt(0).toUpperCase()}${field.slice(1)}`;
}
