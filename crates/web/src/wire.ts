// Small things about what the node says.
import { ConnectError, Code } from "@connectrpc/connect";
import type { Timestamp } from "@bufbuild/protobuf/wkt";

export function millis(time: Timestamp | undefined): number | undefined {
  return time && Number(time.seconds) * 1000 + Math.floor(time.nanos / 1e6);
}

/** Whether trying again later may help, perhaps signed in; else the node has decided. */
export function passes(error: unknown): boolean {
  const refusals = [
    Code.InvalidArgument,
    Code.NotFound,
    Code.AlreadyExists,
    Code.PermissionDenied,
    Code.FailedPrecondition,
    Code.Aborted,
    Code.OutOfRange,
    Code.Unimplemented,
  ];
  return !refusals.includes(ConnectError.from(error).code);
}
