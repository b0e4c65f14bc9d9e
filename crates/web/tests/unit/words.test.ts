import { readFileSync, readdirSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { en, enKinds, enNames } from "../../src/words/en.ts";
import { nl, nlKinds, nlNames } from "../../src/words/nl.ts";
import { language, preferred } from "../../src/words/index.ts";
import { EntrySchema } from "../../src/gen/polder/v1/entry_pb.ts";
import * as entryEnums from "../../src/gen/polder/v1/entry_pb.ts";
import { CasualtyCategorySchema } from "../../src/gen/polder/v1/casualties_pb.ts";
import { ClosureObjectSchema, ClosureStateSchema } from "../../src/gen/polder/v1/closure_pb.ts";
import { ActionStateSchema } from "../../src/gen/polder/v1/action_pb.ts";
import { RequestStateSchema } from "../../src/gen/polder/v1/assistance_request_pb.ts";
import { CareStateSchema } from "../../src/gen/polder/v1/care_capacity_pb.ts";
import { DecisionStateSchema } from "../../src/gen/polder/v1/decision_pb.ts";
import { EvacuationBasisSchema, EvacuationStateSchema } from "../../src/gen/polder/v1/evacuation_pb.ts";
import { FacilityStateSchema, FacilityTypeSchema } from "../../src/gen/polder/v1/facility_pb.ts";
import { ImpactCriterionSchema, ImpactLevelSchema, ScenarioLikelihoodSchema, ScenarioTypeSchema } from "../../src/gen/polder/v1/scenario_pb.ts";
import { FloodDefenceStateSchema } from "../../src/gen/polder/v1/flood_defence_pb.ts";
import { ModeSchema, PhaseSchema, TeamSchema } from "../../src/gen/polder/v1/incident_pb.ts";
import { OutageStateSchema, VitalServiceSchema } from "../../src/gen/polder/v1/outage_pb.ts";
import { OfferStateSchema } from "../../src/gen/polder/v1/assistance_offer_pb.ts";
import { HelpCostsSchema, HelpTransportSchema, HostSupportSchema, ReliefModuleSchema } from "../../src/gen/polder/v1/relief_pb.ts";
import { ReportCategorySchema, ReportChannelSchema } from "../../src/gen/polder/v1/citizen_report_pb.ts";
import { StaffSortSchema } from "../../src/gen/polder/v1/staffing_pb.ts";
import { WATCHED } from "../../src/fields.ts";
import { ReceptionStateSchema } from "../../src/gen/polder/v1/reception_pb.ts";
import { ResourceStateSchema } from "../../src/gen/polder/v1/resource_pb.ts";
import { ContactPurposeSchema } from "../../src/gen/polder/v1/contact_pb.ts";
import { WarningColourSchema, WarningStateSchema } from "../../src/gen/polder/v1/warning_pb.ts";
import { CountBasisSchema, CountQualifierSchema } from "../../src/gen/polder/v1/count_pb.ts";
import { CountPeriodSchema } from "../../src/gen/polder/v1/casualties_pb.ts";
import { BedTypeSchema } from "../../src/gen/polder/v1/care_capacity_pb.ts";
import { DrawingPhaseSchema } from "../../src/gen/polder/v1/drawing_pb.ts";
import { ThemeSchema } from "../../src/gen/polder/v1/observation_pb.ts";
import { ResponseTypeSchema, WarningChannelSchema } from "../../src/gen/polder/v1/warning_pb.ts";
import { RoleSchema } from "../../src/gen/polder/v1/charter_pb.ts";
import { CallerKindSchema } from "../../src/gen/polder/v1/people_service_pb.ts";
import { reasonsNl, rightsNl } from "../../src/words/reasons.ts";
import { ActKindSchema } from "../../src/gen/polder/v1/act_pb.ts";
import { TABS } from "../../src/office/office.ts";
import { actWords, officeWords, problemsNl } from "../../src/words/office.ts";
import { WaterTrendSchema } from "../../src/gen/polder/v1/water_level_pb.ts";

describe("the two languages", () => {
  test("have the same keys, and no empty word", () => {
    expect(Object.keys(en).sort()).toEqual(Object.keys(nl).sort());
    expect(Object.keys(enKinds).sort()).toEqual(Object.keys(nlKinds).sort());
    expect(Object.keys(enNames).sort()).toEqual(Object.keys(nlNames).sort());
    for (const words of [en, nl]) expect(Object.values(words).filter((word) => !word.trim())).toEqual([]);
  });

  test("have as many names as the contract has values", () => {
    const schemas: Record<string, { values: unknown[] }> = {
      discipline: entryEnums.DisciplineSchema,
      statement: entryEnums.StatementSchema,
      certainty: entryEnums.CertaintySchema,
      reliability: entryEnums.ReliabilitySchema,
      credibility: entryEnums.CredibilitySchema,
      verification: entryEnums.VerificationStateSchema,
      relation: entryEnums.RelationTypeSchema,
      urgency: entryEnums.UrgencySchema,
      severity: entryEnums.SeveritySchema,
      countBasis: CountBasisSchema,
      countQualifier: CountQualifierSchema,
      period: CountPeriodSchema,
      bed: BedTypeSchema,
      drawing: DrawingPhaseSchema,
      theme: ThemeSchema,
      response: ResponseTypeSchema,
      channel: WarningChannelSchema,
      role: RoleSchema,
      caller: CallerKindSchema,
      mode: ModeSchema,
      phase: PhaseSchema,
      team: TeamSchema,
      trend: WaterTrendSchema,
      service: VitalServiceSchema,
      outage: OutageStateSchema,
      closureObject: ClosureObjectSchema,
      closureState: ClosureStateSchema,
      evacuation: EvacuationStateSchema,
      evacuationBasis: EvacuationBasisSchema,
      casualty: CasualtyCategorySchema,
      care: CareStateSchema,
      resource: ResourceStateSchema,
      request: RequestStateSchema,
      warning: WarningStateSchema,
      colour: WarningColourSchema,
      decision: DecisionStateSchema,
      action: ActionStateSchema,
      flood: FloodDefenceStateSchema,
      reception: ReceptionStateSchema,
      offer: OfferStateSchema,
      module: ReliefModuleSchema,
      support: HostSupportSchema,
      transport: HelpTransportSchema,
      helpCosts: HelpCostsSchema,
      facility: FacilityTypeSchema,
      facilityState: FacilityStateSchema,
      scenario: ScenarioTypeSchema,
      likelihood: ScenarioLikelihoodSchema,
      criterion: ImpactCriterionSchema,
      level: ImpactLevelSchema,
      staff: StaffSortSchema,
      report: ReportCategorySchema,
      reportChannel: ReportChannelSchema,
      contactPurpose: ContactPurposeSchema,
    };
    const named = Object.keys(nlNames).filter((name) => name !== "population");
    expect(Object.keys(schemas).sort()).toEqual(named.sort());
    for (const [name, schema] of Object.entries(schemas)) {
      for (const names of [nlNames, enNames]) {
        expect(names[name as keyof typeof nlNames], name).toHaveLength(schema.values.length);
      }
    }
  });

  test("name every figure that a threshold can watch, as the node does", () => {
    const there = readFileSync("../picture/src/kinds/threshold.rs", "utf8");
    const rows = [...there.matchAll(/[^_]aspect\(\s*"([^"]+)",\s*"([^"]+)",\s*"([^"]+)"/g)].map(([, name, english, dutch]) => [name, dutch, english]);
    expect(rows.length).toBeGreaterThan(15);
    expect(WATCHED).toEqual(rows);
  });

  test("name every kind of the contract", () => {
    const body = EntrySchema.oneofs.find((oneof) => oneof.name === "body");
    expect(body?.fields.map((field) => field.name).sort()).toEqual(Object.keys(nlKinds).sort());
  });

  test("use every word somewhere", () => {
    const read = (dir: string): string =>
      readdirSync(dir, { withFileTypes: true })
        .filter((file) => file.name !== "gen" && file.name !== "words")
        .map((file) => (file.isDirectory() ? read(`${dir}/${file.name}`) : readFileSync(`${dir}/${file.name}`, "utf8")))
        .join("\n");
    const sources = read("src") + readFileSync("src/words/index.ts", "utf8");
    const indirect = ["verified", "refuted", "superseded", "unverified", "needFigure"];
    const idle = Object.keys(nl).filter((key) => !sources.includes(`t.${key}`) && !indirect.includes(key));
    expect(idle).toEqual([]);
  });

  test("say why in the words of the command line, and what one may in those of the node", () => {
    const there = readFileSync("../../src/cli/dutch/reasons.rs", "utf8");
    const rows = new Map([...there.matchAll(/\(\s*"([A-Z_0-9]+)",\s*"([^"]*)",?\s*\)/g)].map(([, reason, sentence]) => [reason, sentence]));
    expect(rows.size).toBeGreaterThan(100);
    for (const [reason, sentence] of Object.entries(reasonsNl)) expect([reason, rows.get(reason)]).toEqual([reason, sentence]);
    const rights = readFileSync("../../src/people/rights.rs", "utf8");
    const words = [...rights.matchAll(/Self::\w+ => "(\w+)"/g)].map(([, word]) => word);
    expect(Object.keys(rightsNl).sort()).toEqual(words.sort());
  });

  test("say what the node's pages show in the words of the command line", () => {
    for (const [dutch, english] of [...Object.values(officeWords), ...Object.values(actWords)]) expect([dutch.trim(), english.trim()]).not.toContain("");
    expect(Object.keys(actWords).map(Number).sort()).toEqual(ActKindSchema.values.map((one) => one.number).sort());
    const acts = readFileSync("../../src/cli/acts.rs", "utf8");
    for (const [dutch, english] of Object.values(actWords)) expect([acts.includes(`"${english}"`), acts.includes(`"${dutch}"`)], english).toEqual([true, true]);
    const reasons = readFileSync("../../src/cli/dutch/reasons.rs", "utf8");
    const there = reasons.slice(reasons.indexOf("PROBLEMS"));
    const rows = [...there.matchAll(/\(\s*"([^"]+)",\s*"([^"]+)",?\s*\)/g)].map(([, said, dutch]) => [said, dutch]);
    expect(rows).toEqual(problemsNl);
    const cli = readFileSync("../../src/cli/words.rs", "utf8");
    const shared = ["anchors", "powers", "everything", "nodesAndRolesOf", "membersOf", "cutAfter", "revoked", "everyParty", "disabled", "noPassphrase", "lastSignIn",
      "noAccounts", "invitationAdvice", "theOperator", "somebody", "perhaps", "soundLog", "badRecord", "leftOut", "forked", "branchOf", "sound", "limited", "failed"] as const;
    for (const word of shared) expect(cli, word).toContain(`"${officeWords[word][1]}"`);
    for (const word of shared) expect(cli, word).toContain(`"${officeWords[word][0]}"`);
    const roles = [...cli.matchAll(/Role::(\w+) => \("([^"]+)", "([^"]+)"\)/g)].slice(1);
    expect(roles.map(([, , english, dutch]) => [english, dutch])).toEqual(enNames.role.slice(1).map((english, at) => [english, nlNames.role[at + 1]]));
    const rights = [...cli.matchAll(/"(\w+)" => "([^"]+)",/g)].map(([, right, dutch]) => [right, dutch]);
    for (const [right, dutch] of Object.entries(rightsNl)) expect(rights).toContainEqual([right, dutch]);
  });

  test("use every word of the node's pages somewhere", () => {
    const read = (dir: string): string => readdirSync(dir).map((file) => readFileSync(`${dir}/${file}`, "utf8")).join("\n");
    const sources = read("src/views/office") + readFileSync("src/views/words.ts", "utf8");
    expect(Object.keys(officeWords).filter((word) => !sources.includes(`"${word}"`) && !(TABS as readonly (readonly string[])[]).some(([tab]) => tab === word))).toEqual([]);
  });

  test("are chosen by what the browser asks for", () => {
    expect(preferred(["de-DE", "en-US", "nl"])).toBe("en");
    expect(preferred(["nl-BE"])).toBe("nl");
    expect(preferred(["fr"])).toBe("nl");
  });

  test("write ages and figures as people do", () => {
    const dutch = language("nl");
    expect(dutch.age(42_000)).toBe("42 s");
    expect(dutch.age(23 * 60_000)).toBe("23 min");
    expect(dutch.age(3 * 3_600_000 + 60_000)).toBe("3 u 1 min");
    expect(dutch.age(50 * 3_600_000)).toBe("2 d 2 u");
    expect(dutch.age(-5_000)).toBe("0 s");
    expect(dutch.number(1234.5)).toBe("1.234,5");
    expect(language("en").number(1234.5)).toBe("1,234.5");
  });
});
