import { expect, test } from "vitest";
import { valueFormatFault } from "./header-format.ts";

// Each verdict was Envoy 1.40's own.
test.each([
  "plain",
  "50%%",
  "%START_TIME%",
  "%START_TIME(%Y/%m)%",
  "%START_TIME(%s)%",
  "%REQ(x?y):3%",
  "%REQ(a):0%",
  '%DYNAMIC_METADATA(["a", "b"])%',
  "%DYNAMIC_METADATA(a:b):10%",
  "%METADATA(ROUTE:a:b)%",
  '%COALESCE({"operators":["PROTOCOL"]})%',
  "%FILTER_STATE(a:PLAIN)%",
  "%COMMON_DURATION(DS_RX_BEG:DS_RX_END)%",
  "%BYTES_SENT%x%%",
])("valueFormatFault() takes %s", (value) => {
  expect(valueFormatFault(value)).toBeUndefined();
});

test.each([
  "100%",
  "abc%123",
  "a%b%c",
  "%%%",
  "%START_TIME%%",
  "%REQ(x)%%",
  "%REQ%",
  "%REQ()%",
  "%req(x)%",
  "%PROTOCOL(a)%",
  "%PROTOCOL:3%",
  "%METADATA(x)%",
  "%COMMON_DURATION(a)%",
  "%FILTER_STATE(a:XX)%",
  "%VIRTUAL_HOST_NAME%",
  "%NOT_A_THING%",
  "%GRPC_STATUS(NUMBER):5%",
  "%REQ(a:b)%",
  "%CEL(a ==)%",
  '%COALESCE({"operators":[{"command":"X"}]})%',
  "%PER_REQUEST_STATE(a)%",
])("valueFormatFault() finds a fault in %s", (value) => {
  expect(valueFormatFault(value)).toMatch(/^has /);
});
