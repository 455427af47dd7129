/** Who is signed in: a cookie with the name that was typed. No password is checked; this is a demonstration. */

const cookieName = "session";

/** Longest name that is kept; the rest is cut off. */
const nameLimit = 64;

/** The user's name in a Cookie header, or `undefined` where nobody is signed in. */
export function userOf(cookieHeader: string | undefined): string | undefined {
  for (const pair of (cookieHeader ?? "").split(";")) {
    const [name, value] = pair.trim().split("=", 2);
    if (name === cookieName && value !== undefined && value !== "") return decodeName(value);
  }
  return undefined;
}

/** Value of the Set-Cookie header that signs `user` in, or everybody out when it is empty. */
export function sessionCookie(user: string): string {
  const attributes = "Path=/; HttpOnly; SameSite=Lax";
  if (user === "") return `${cookieName}=; ${attributes}; Max-Age=0`;
  return `${cookieName}=${encodeURIComponent(user.slice(0, nameLimit))}; ${attributes}`;
}

/** The name as the header `end-user` carries it: headers take visible ASCII only, the rest is percent-encoded. */
export function endUserHeader(user: string): string {
  return user.replace(/[^\x20-\x7e]+/gu, encodeURIComponent);
}

function decodeName(value: string): string | undefined {
  try {
    return decodeURIComponent(value);
  } catch (error) {
    if (error instanceof URIError) return undefined;
    throw error;
  }
}
