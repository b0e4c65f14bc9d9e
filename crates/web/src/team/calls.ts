// Calls that only the pages of a crisis team make: in their bundle, not in that of the first screen.
import { createClient } from "@connectrpc/connect";
import { transport } from "../api.ts";
import { CapacityService } from "../gen/polder/v1/capacity_service_pb.ts";
import { ImpactService } from "../gen/polder/v1/impact_service_pb.ts";
import { ReportService } from "../gen/polder/v1/report_service_pb.ts";
import { SignalService } from "../gen/polder/v1/signal_service_pb.ts";
import { WarningService } from "../gen/polder/v1/warning_service_pb.ts";

export const capacities = createClient(CapacityService, transport);
export const impacts = createClient(ImpactService, transport);
export const reports = createClient(ReportService, transport);
export const signals = createClient(SignalService, transport);
export const warnings = createClient(WarningService, transport);
