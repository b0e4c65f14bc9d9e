// The key figures of an entry on one line, in the reader's language.
import { OfferState } from "./gen/polder/v1/assistance_offer_pb.ts";
import { CountBasis, CountQualifier, type Count } from "./gen/polder/v1/count_pb.ts";
import type { Entry } from "./gen/polder/v1/entry_pb.ts";
import { WATCHED } from "./fields.ts";
import type { Language } from "./words/index.ts";

type Say = (value: string | undefined | false) => void;

export function figures(entry: Entry, language: Language): string {
  const said: string[] = [];
  const { t, names } = language;
  const say: Say = (value) => {
    if (value && value.trim()) said.push(value.trim().replace(/[\n\t]+/g, " "));
  };
  const titles = entry.texts.map((text) => text.title).join("\n");
  const subject = (name: string): void => say(!titles.includes(name) && name);
  const counted = (count: Count | undefined, noun: string): void =>
    say(count && `${amount(count, language)} ${noun}`);
  const figure = (value: number | undefined, unit: string, high?: number): void => {
    if (value === undefined) return;
    const range = high !== undefined && high > value ? `–${language.number(high)}` : "";
    say(`${language.number(value)}${range} ${unit}`);
  };
  const word = (list: string[], value: number): string => list[value] ?? "";
  const body = entry.body;
  switch (body.case) {
    case "casualties":
      for (const { category, population, count } of body.value.figures) {
        const whom = word(names.population, population);
        counted(count, `${word(names.casualty, category)}${whom && ` (${whom})`}`);
      }
      say(body.value.period === 2 && t.interval);
      break;
    case "waterLevel": {
      const level = body.value;
      subject(level.gauge);
      figure(level.levelM, `m ${level.datum}`, level.levelHighM);
      figure(level.dischargeM3S, "m³/s", level.dischargeHighM3S);
      figure(level.depthM, t.deep, level.depthHighM);
      say(word(names.trend, level.trend));
      break;
    }
    case "outage":
      counted(body.value.customers, t.customers);
      say(`${word(names.service, body.value.service)} ${word(names.outage, body.value.state)}`);
      break;
    case "measurement":
      say(body.value.effectArea && t.effectArea);
      say(body.value.effect);
      for (const { quantity, value, unit, belowLimit } of body.value.readings.slice(0, 4)) {
        say(`${quantity} ${belowLimit ? "< " : ""}${language.number(value)} ${unit}`);
      }
      say(body.value.readings.length > 4 && `+${body.value.readings.length - 4}`);
      break;
    case "closure":
      subject(body.value.designation);
      say(`${word(names.closureObject, body.value.object)} ${word(names.closureState, body.value.state)}`);
      figure(body.value.lengthKm, "km");
      break;
    case "evacuation": {
      const basis = word(names.evacuationBasis, body.value.basis);
      counted(body.value.people, `${t.people}${basis && ` (${basis})`}`);
      counted(body.value.homes, t.homes);
      say(word(names.evacuation, body.value.state));
      break;
    }
    case "careCapacity":
      subject(body.value.institution);
      say(word(names.care, body.value.state));
      say(body.value.admissionStop && t.admissionStop);
      for (const { available } of body.value.beds) counted(available, t.beds);
      counted(body.value.patients, t.patients);
      break;
    case "resource": {
      const { callSign, quantity, type, personnel, state, destination } = body.value;
      subject(callSign);
      say(quantity ? `${amount(quantity, language)} ${type}` : type);
      counted(personnel, t.staff);
      say(`${word(names.resource, state)}${destination && ` → ${destination}`}`);
      break;
    }
    case "assistanceRequest": {
      const { need, quantity, addressee, state, module, entryPoint, providedSupport, number } = body.value;
      say(quantity ? `${amount(quantity, language)} ${need}` : need);
      say(word(names.module, module));
      say(`${word(names.request, state)}${addressee && ` → ${party(addressee)}`}`);
      say(entryPoint);
      say(providedSupport.map((one) => word(names.support, one)).join(", "));
      say(number);
      break;
    }
    case "assistanceOffer": {
      const { means, quantity, state, enRoute, arrived, released, hostSupport, module, transport, entryPoint, costs, neededSupport, number } = body.value;
      say(quantity ? `${amount(quantity, language)} ${means}` : means);
      say(word(names.module, module));
      const moves: [number, string][] = [[enRoute, names.resource[3]!], [arrived, t.arrived], [released, names.resource[6]!]];
      const moved = moves.filter(([number]) => number > 0).map(([number, where]) => `${number} ${where}`);
      say([...(state === OfferState.WITHDRAWN || moved.length === 0 ? [word(names.offer, state)] : []), ...moved].join(", "));
      say([word(names.transport, transport), entryPoint].filter(Boolean).join(" · "));
      say(word(names.helpCosts, costs));
      say([...neededSupport.map((one) => word(names.support, one)), hostSupport].filter(Boolean).join(", "));
      say(number);
      break;
    }
    case "warning":
      say(word(names.colour, body.value.colour));
      say(word(names.warning, body.value.state));
      say(body.value.audience);
      break;
    case "weather": {
      const weather = body.value;
      figure(weather.precipitationMm, t.rain, weather.precipitationHighMm);
      if (weather.windSpeedMS !== undefined) figure(weather.windSpeedMS, `m/s ${t.wind}`);
      if (weather.gustMS !== undefined) figure(weather.gustMS, `m/s ${t.gusts}`);
      figure(weather.temperatureC, "°C");
      if (weather.visibilityM !== undefined) figure(weather.visibilityM, `m ${t.sight}`);
      if (weather.probabilityPercent !== undefined) figure(weather.probabilityPercent, `% ${t.chance}`);
      break;
    }
    case "decision": {
      const { decidedBy, legalGround, state } = body.value;
      say(word(names.decision, state));
      say(`${decidedBy}${legalGround && ` (${legalGround})`}`);
      break;
    }
    case "action":
      say(body.value.owner);
      say(word(names.action, body.value.state));
      figure(body.value.progressPercent, "%");
      break;
    case "drawing":
      subject(body.value.label);
      break;
    case "floodDefence": {
      const { structure, state, failureMode, lengthM, raisedM, weakSpots } = body.value;
      subject(structure);
      say(`${word(names.flood, state)}${failureMode && ` (${failureMode})`}`);
      figure(lengthM, t.long);
      figure(raisedM, t.raised);
      figure(weakSpots, t.weakSpots);
      break;
    }
    case "reception": {
      const { location, state, present, capacity, intendedFor } = body.value;
      subject(location);
      say(word(names.reception, state));
      if (present && capacity) {
        say(`${amount(present, language)} ${t.of} ${amount(capacity, language)} ${t.occupied}`);
      } else counted(present ?? capacity, t.people);
      say(intendedFor);
      break;
    }
    case "facility": {
      const { designation, type, state, people, lessSelfReliant } = body.value;
      subject(designation);
      say(`${word(names.facility, type)} ${word(names.facilityState, state)}`);
      counted(people, t.people);
      counted(lessSelfReliant, t.lessSelfReliant);
      break;
    }
    case "scenario": {
      const { type, subject: about, likelihood, scores } = body.value;
      say(`${word(names.scenario, type)}: ${about}`);
      say(word(names.likelihood, likelihood));
      const worst = word(names.level, Math.max(0, ...scores.map((score) => score.level)));
      say(worst && `${t.atWorst} ${worst}`);
      break;
    }
    case "staffing": {
      const { unit, sort, function: task, present, available, onDuty, resting } = body.value;
      subject(unit);
      say(`${word(names.staff, sort)}${task && ` (${task})`}`);
      counted(present, t.present);
      counted(available, names.resource[1]!);
      counted(onDuty, t.onDuty);
      counted(resting, t.resting);
      break;
    }
    case "citizenReport": {
      const { category, channel, reports } = body.value;
      say(word(names.report, category));
      counted(reports, t.reports);
      say(word(names.reportChannel, channel));
      break;
    }
    case "threshold": {
      const { aspect, detail, place, above, below } = body.value;
      subject(place);
      const watched = WATCHED.find(([name]) => name === aspect);
      say(`${watched?.[language.lang === "nl" ? 1 : 2] ?? aspect}${detail && ` (${detail})`}`);
      figure(above, t.orMore);
      figure(below, t.orLess);
      break;
    }
    case "contact": {
      const { name, purpose, telephone, web, mail, address, checked } = body.value;
      subject(name);
      say(word(names.contactPurpose, purpose));
      for (const told of [telephone, web, mail, address]) say(told);
      say(checked ? t.contactChecked : t.contactUnchecked);
      break;
    }
    default:
  }
  return said.join(", ");
}

/** A count in words: an estimate must not pass for a number of heads. */
export function amount(count: Count, language: Language): string {
  const { t } = language;
  const value = language.number(Number(count.value));
  if (count.qualifier === CountQualifier.ABOUT) return `${t.about} ${value}`;
  if (count.qualifier === CountQualifier.AT_LEAST) return `${t.atLeast} ${value}`;
  if (count.qualifier === CountQualifier.AT_MOST) return `${t.atMost} ${value}`;
  return count.basis === CountBasis.ESTIMATED ? `${t.estimated} ${value}` : value;
}

/** The last part of a resource name. */
export function party(name: string): string {
  return name.slice(name.lastIndexOf("/") + 1);
}
