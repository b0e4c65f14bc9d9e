// Calls to the node that served the page.
import { createClient, ConnectError, Code } from "@connectrpc/connect";
import { createGrpcWebTransport } from "@connectrpc/connect-web";
import { IncidentService } from "./gen/polder/v1/incident_service_pb.ts";
import { NodeService } from "./gen/polder/v1/node_service_pb.ts";
import { PictureService } from "./gen/polder/v1/picture_service_pb.ts";
import type { Timestamp } from "@bufbuild/protobuf/wkt";

const transport = createGrpcWebTransport({ baseUrl: location.origin, useBinaryFormat: true });

export const incidents = createClient(IncidentService, transport);
export const node = createClient(NodeService, transport);
export const picture = createClient(PictureService, transport);

/** A call that takes longer counts as lost. */
export const CALL_MS = 15_000;

export function millis(time: Timestamp | undefined): number | undefined {
  return time && Number(time.seconds) * 1000 + Math.floor(time.nanos / 1e6);
}

/** Whether trying again later may help; else the node has decided. */
export function passes(error: unknown): boolean {
  const refusals = [
    Code.InvalidArgument,
    Code.NotFound,
    Code.AlreadyExists,
    Code.PermissionDenied,
    Code.FailedPrecondition,
    Code.OutOfRange,
    Code.Unimplemented,
    Code.Unauthenticated,
  ];
  return !refusals.includes(ConnectError.from(error).code);
}
