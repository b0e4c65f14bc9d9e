// Calls to the node that served the page.
import { createClient } from "@connectrpc/connect";
import { createGrpcWebTransport } from "@connectrpc/connect-web";
import { AttachmentService } from "./gen/polder/v1/attachment_service_pb.ts";
import { AuditService } from "./gen/polder/v1/audit_service_pb.ts";
import { CharterService } from "./gen/polder/v1/charter_service_pb.ts";
import { IncidentService } from "./gen/polder/v1/incident_service_pb.ts";
import { NodeService } from "./gen/polder/v1/node_service_pb.ts";
import { PeopleService } from "./gen/polder/v1/people_service_pb.ts";
import { SituationService } from "./gen/polder/v1/situation_service_pb.ts";
import { TeamService } from "./gen/polder/v1/team_service_pb.ts";
import { PictureService } from "./gen/polder/v1/picture_service_pb.ts";
import { Session, authorization, interceptor } from "./session.ts";

/** What goes out goes out in the name of whoever wrote it, also if somebody else signs in meanwhile. */
export function sending(token: string): { timeoutMs: number; headers: { authorization: string } } {
  return { timeoutMs: CALL_MS, headers: { authorization: authorization(token) } };
}

const listeners = new Set<() => void>();
const cupboard = (() => {
  try {
    return localStorage;
  } catch {
    return undefined;
  }
})();

/** The one session of this tab. */
export const session = new Session(cupboard, () => listeners.forEach((told) => told()));

/** Calls `told` when somebody signed in or out, or what they may do changed. */
export function onSession(told: () => void): void {
  listeners.add(told);
}

/** For calls that only some pages make: their bundle has them. */
export const transport = createGrpcWebTransport({
  baseUrl: globalThis.location?.origin ?? "http://127.0.0.1",
  useBinaryFormat: true,
  interceptors: [interceptor(session)],
});

export const acts = createClient(AuditService, transport);
export const attachments = createClient(AttachmentService, transport);
export const incidents = createClient(IncidentService, transport);
export const node = createClient(NodeService, transport);
export const picture = createClient(PictureService, transport);
export const situations = createClient(SituationService, transport);
export const team = createClient(TeamService, transport);
export const people = createClient(PeopleService, transport);
export const charter = createClient(CharterService, transport);

/** A call that takes longer counts as lost. */
export const CALL_MS = 15_000;

/** Asks for a file that is not everybody's, in the name of whoever is signed in. */
export function asked(path: string, headers: Record<string, string> = {}, signal?: AbortSignal): Promise<Response> {
  const token = session.kept?.token;
  return fetch(path, { headers: { ...headers, ...(token && { authorization: authorization(token) }) }, signal });
}
