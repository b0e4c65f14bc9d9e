// Calls to the node that served the page.
import { createClient } from "@connectrpc/connect";
import { createGrpcWebTransport } from "@connectrpc/connect-web";
import { IncidentService } from "./gen/polder/v1/incident_service_pb.ts";
import { NodeService } from "./gen/polder/v1/node_service_pb.ts";
import { PictureService } from "./gen/polder/v1/picture_service_pb.ts";

const transport = createGrpcWebTransport({ baseUrl: location.origin, useBinaryFormat: true });

export const incidents = createClient(IncidentService, transport);
export const node = createClient(NodeService, transport);
export const picture = createClient(PictureService, transport);

/** A call that takes longer counts as lost. */
export const CALL_MS = 15_000;
