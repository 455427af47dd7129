// Tutorials with nginx in front of tomcat: a timeout, a delay, and retries against an abort, seen by busybox's wget.
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { type Output, tryRun } from "./commands.ts";
import { startTutorial, type Tutorial } from "./tutorial.ts";

let web: Tutorial;
beforeAll(async () => {
  web = startTutorial("web");
  web.applyFile("nginx-tomcat.yaml");
  web.ready();
  const site = "server { listen 80; location / { proxy_pass http://tomcat-svc:8080; proxy_http_version 1.1; } }";
  const configure = `echo '${site}' >/etc/nginx/conf.d/default.conf && nginx -t && nginx -s reload`;
  const { code, stderr } = await web.exec("nginx-tomcat", "nginx", "/bin/sh", "-c", configure);
  expect(code, stderr).toBe(0);
});
afterEach(() => {
  tryRun(["kubectl", "delete", "-n", "web", "vs", "--all"]);
});
afterAll(() => web.end());

interface Timed extends Output {
  readonly seconds: number;
}

async function wget(url: string): Promise<Timed> {
  const began = performance.now();
  const output = await web.exec("busybox", "busybox", "wget", "-q", "-O", "-", url);
  return { ...output, seconds: (performance.now() - began) / 1_000 };
}

const rule = (name: string, host: string, more: string): string => `
apiVersion: networking.istio.io/v1beta1
kind: VirtualService
metadata: { name: ${name} }
spec:
  hosts: [${host}]
  http:
    - route: [{ destination: { host: ${host} } }]
      ${more}
---`;

test("nginx passes on to tomcat without a rule", async () => {
  expect((await wget("http://nginx-svc")).code).toBe(0);
});

test("a timeout of 2 s ends a call whose far end is late by 10 s", async () => {
  web.apply(
    rule("nginx-vs", "nginx-svc", "timeout: 2s") +
      rule("tomcat-vs", "tomcat-svc", "fault: { delay: { percentage: { value: 100 }, fixedDelay: 10s } }"),
  );
  await expect
    .poll(
      async () => {
        const { stderr, seconds } = await wget("http://nginx-svc");
        return stderr.includes("504 Gateway Timeout") && seconds > 1.9 && seconds < 8 ? "504 in time" : stderr;
      },
      { timeout: 40_000 },
    )
    .toBe("504 in time");
  const late = await wget("http://tomcat-svc:8080");
  expect(late.seconds).toBeGreaterThan(9.9);
});

test("the reader's own pod, made and removed by kubectl run, sees the time-out", async () => {
  web.apply(
    rule("nginx-vs", "nginx-svc", "timeout: 2s") +
      rule("tomcat-vs", "tomcat-svc", "fault: { delay: { percentage: { value: 100 }, fixedDelay: 10s } }"),
  );
  // A reader has a terminal, and script(1) makes one. Its exit code is that of the last wget.
  const seen = await web.type(`
    printf 'while wget -q -O - http://nginx-svc; do sleep 1; done\\nexit\\n' |
      script -qec "kubectl run busybox --image busybox:1.28 --restart=Never --rm -it busybox -- sh" /dev/null || true`);
  expect(seen).toContain("wget: server returned error: HTTP/1.1 504 Gateway Timeout");
  expect(web.kubectl("get", "pods", "-o", "name")).not.toMatch(/^pod\/busybox$/m);
});

test("a timeout ends calls to a Service whose port has no name, too", async () => {
  web.apply(
    rule("nginx-vs", "nginx-unnamed", "timeout: 1s") +
      rule("tomcat-vs", "tomcat-svc", "fault: { delay: { percentage: { value: 100 }, fixedDelay: 10s } }"),
  );
  await expect
    .poll(async () => (await wget("http://nginx-unnamed")).stderr, { timeout: 40_000 })
    .toContain("504 Gateway Timeout");
});

test("three retries against an abort end with 503, and the proxy's log says so in Istio's format", async () => {
  web.apply(
    rule("nginx-vs", "nginx-svc", "retries: { attempts: 3, perTryTimeout: 2s }") +
      rule("tomcat-vs", "tomcat-svc", "fault: { abort: { percentage: { value: 100 }, httpStatus: 503 } }"),
  );
  await expect
    .poll(async () => (await wget("http://nginx-svc")).stderr, { timeout: 20_000 })
    .toContain("503 Service Unavailable");
  const logged = (): string =>
    web
      .kubectl("logs", "deploy/nginx-tomcat", "-c", "istio-proxy")
      .split("\n")
      .find((text) => / 503 .* outbound\|8080\|\|tomcat-svc\.web\.svc\.cluster\.local /.test(text)) ?? "";
  await expect
    .poll(logged, { timeout: 10_000 })
    .toMatch(
      /^\[\d{4}-\d\d-\d\dT[\d:.]+Z\] "GET \/ HTTP\/1\.1" 503 FI \S+ - "-" 0 \d+ \d+ - "[^"]*" "[^"]*" "[0-9a-f-]{36}" "[^"]+" "[^"]+" /,
    );
});
