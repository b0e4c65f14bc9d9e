// Help: each request with what was offered, accepted and sent, each unit once; and the forms to ask,
// offer, accept and move, for who may.
import { html, nothing, type TemplateResult } from "lit";
import { live } from "lit/directives/live.js";
import { party } from "../../figures.ts";
import { AssistanceTrouble, type Assistance, type AssistanceCount, type AssistancePart } from "../../gen/polder/v1/assistance_pb.ts";
import type { Entry } from "../../gen/polder/v1/entry_pb.ts";
import { mayChange } from "../../rights.ts";
import type { Actions, Shown } from "../../state.ts";
import { millis } from "../../wire.ts";
import { answering, moved, offered, wholeOf, wouldAccept, type HelpForm } from "../../team/help.ts";
import type { Room } from "../../team/room.ts";
import { named, stateWords, team, troubleWords, type TeamWord } from "../../words/team.ts";
import { audienceChoice, audienceName, partyChoice } from "../audience.ts";
import { abroad } from "./abroad.ts";
import { mayDo, standing } from "./frame.ts";

const typed = (event: Event): string => (event.target as HTMLInputElement).value;

export function helpPage(room: Room, shown: Shown, actions: Actions): TemplateResult {
  const { lang, number } = shown.language;
  const told = room.help.value;
  const { helping } = room;
  const loose = helping && (helping.sort === "ask" || (helping.sort === "offer" && !helping.request));
  const rows = (told?.requests ?? []).filter((row) => !room.onlyOpen || !over(row));
  return html`<p class="pair wrap head">${mayDo(shown) ? html`<button type="button" id="ask-help" @click=${() => room.helpWith({ sort: "ask", audience: shown.audience })}>${team(lang, "askHelp")}</button>
      <button type="button" id="offer-help" @click=${() => room.helpWith({ sort: "offer", audience: shown.audience })}>${team(lang, "offerHelp")}</button>` : nothing}
      <label class="check"><input id="only-open" type="checkbox" .checked=${live(room.onlyOpen)} @change=${(event: Event) => room.openOnly((event.target as HTMLInputElement).checked)} />${team(lang, "onlyOpen")}</label></p>
    ${loose ? begunForm(helping, room, shown) : nothing}
    ${standing(room.help, shown)}
    ${told && rows.length === 0 && told.freeOffers.length === 0 ? html`<p>${team(lang, "noAssistance")}</p>` : nothing}
    <ul class="list requests">${rows.map((row) => html`<li>${request(row, room, shown, actions)}</li>`)}</ul>
    ${told && told.requestsLeftOut > 0 ? html`<p class="quiet">${number(told.requestsLeftOut)} ${team(lang, "requestsMore")}</p>` : nothing}
    ${told && told.freeOffers.length > 0 ? html`<section aria-labelledby="free-head"><h3 id="free-head">${team(lang, "freeOffers")} (${number(told.freeOffers.length + told.freeOffersLeftOut)})</h3>
      <ul class="list">${told.freeOffers.map((entry) => html`<li class="help-part free" data-offer=${entry.name}>${means(entry, shown, actions)}${offerActs(entry, undefined, room, shown)}</li>`)}</ul>
      ${told.freeOffersLeftOut > 0 ? html`<p class="quiet">${number(told.freeOffersLeftOut)} ${team(lang, "offersMore")}</p>` : nothing}</section>` : nothing}`;
}

/** Met, refused or withdrawn. */
function over(row: Assistance): boolean {
  return row.state >= 4;
}

function mayNow(entry: Entry | undefined, shown: Shown): boolean {
  return entry !== undefined && mayDo(shown) && mayChange(shown.caller, entry, shown.name);
}

function request(row: Assistance, room: Room, shown: Shown, actions: Actions): TemplateResult | typeof nothing {
  const { language, nowMs } = shown;
  const { lang, t, number, moment, names } = language;
  const { request: entry } = row;
  if (entry?.body.case !== "assistanceRequest") return nothing;
  const { need, addressee, neededBy, module, entryPoint, number: elsewhere, providedSupport } = entry.body.value;
  const comes = [names.module[module], entryPoint, elsewhere].filter(Boolean).join(" · ");
  const guests = providedSupport.map((one) => names.support[one] ?? "?").join(", ");
  const by = millis(neededBy);
  const { helping } = room;
  return html`<article class="dispute help ${row.overdue ? "open" : ""}" data-request=${entry.name}>
    <h3><b class="badge ${row.overdue ? "refused" : row.short > 0n ? "waits" : ""}">${row.overdue ? team(lang, "helpLate") : named(lang, stateWords, row.state)}</b>
      <button type="button" class="text" @click=${() => actions.look(entry.name)}>${need}</button></h3>
    <p class="aside">${party(entry.party) || t.unknown}${addressee ? html` <span aria-hidden="true">→</span><span class="hidden">${team(lang, "toWhom")}</span> ${party(addressee)}` : nothing}${by === undefined ? "" : ` · ${team(lang, "due")} ${moment(by, nowMs)}`}
      ${row.disputed ? html`<b class="badge refused">${team(lang, "differ")}</b>` : nothing}
      ${entry.audience ? html`<b class="badge audience">${audienceName(entry.audience, shown)}</b>` : nothing}</p>
    ${comes ? html`<p class="aside">${comes}</p>` : nothing}
    ${guests ? html`<p class="aside">${language.field("assistance_request", "provided_support")}: ${guests}</p>` : nothing}
    <dl class="sums">${row.asked > 0n ? sum("askedFor", row.asked, shown) : nothing}${sum("accepted", row.count?.accepted ?? 0n, shown)}
      ${row.short > 0n ? sum("short", row.short, shown, "bad") : nothing}${row.count ? places(row.count, shown) : nothing}</dl>
    ${row.parts.length > 0 ? html`<ul class="plain parts">${row.parts.map((part) => html`<li class="help-part" data-offer=${part.offer}>${offer(part, row, room, shown, actions)}</li>`)}</ul>` : nothing}
    ${row.partsLeftOut > 0 ? html`<p class="quiet">${number(row.partsLeftOut)} ${team(lang, "offersMore")}</p>` : nothing}
    ${mayDo(shown) && !over(row) ? (helping?.sort === "offer" && helping.request === entry.name ? begunForm(helping, room, shown)
      : html`<p class="pair"><button type="button" class="offer-this" @click=${() => room.helpWith(answering(entry, row.short))}>${team(lang, "offerForThis")}<span class="hidden"> ${need}</span></button></p>`) : nothing}</article>`;
}

function sum(word: TeamWord, value: bigint | number, shown: Shown, mood = ""): TemplateResult {
  return html`<div class=${mood}><dt>${team(shown.language.lang, word)}</dt><dd>${shown.language.number(Number(value))}</dd></div>`;
}

function places(count: AssistanceCount, shown: Shown): TemplateResult[] {
  const all: [TeamWord, bigint][] = [["toBeHad", count.open], ["enRoute", count.enRoute], ["arrived", count.arrived], ["givenBack", count.released]];
  return all.filter(([, value]) => value > 0n).map(([word, value]) => sum(word, value, shown));
}

function means(entry: Entry, shown: Shown, actions: Actions): TemplateResult | typeof nothing {
  if (entry.body.case !== "assistanceOffer") return nothing;
  const { number, lang, names } = shown.language;
  const { hostSupport, neededSupport, module, transport, entryPoint, costs, number: elsewhere } = entry.body.value;
  const needs = [...neededSupport.map((one) => names.support[one] ?? "?"), hostSupport].filter(Boolean).join(", ");
  const comes = [names.module[module], names.transport[transport], entryPoint, names.helpCosts[costs], elsewhere].filter(Boolean).join(" · ");
  return html`<p><b>${party(entry.party)}:</b> <button type="button" class="text" @click=${() => actions.look(entry.name)}>${number(offered(entry))} ${entry.body.value.means}</button>
    ${comes ? html`<span class="aside">${comes}</span>` : nothing}
    ${needs ? html`<span class="aside">${team(lang, "hostNeeds")}: ${needs}</span>` : nothing}</p>`;
}

function offer(part: AssistancePart, row: Assistance, room: Room, shown: Shown, actions: Actions): TemplateResult {
  const { lang, names } = shown.language;
  const { entry, count } = part;
  const lacking = part.lackingSupport.map((one) => names.support[one] ?? "?").join(", ");
  const troubles = part.troubles.filter((one) => one !== AssistanceTrouble.UNSEEN);
  return html`${entry ? means(entry, shown, actions) : html`<p>${team(lang, "offerUnseen")}</p>`}
    <dl class="sums">${sum("accepted", count?.accepted ?? 0n, shown)}${count ? places(count, shown) : nothing}</dl>
    ${troubles.map((one) => html`<b class="badge waits">${named(lang, troubleWords, one)}${one === AssistanceTrouble.UNSUPPORTED ? `: ${lacking}` : ""}</b> `)}
    ${entry ? offerActs(entry, row, room, shown) : nothing}`;
}

/** What can be done with an offer: whoever asks accepts it, whoever gives moves it. */
function offerActs(entry: Entry, row: Assistance | undefined, room: Room, shown: Shown): TemplateResult | typeof nothing {
  const { lang } = shown.language;
  const { helping } = room;
  const name = entry.body.case === "assistanceOffer" ? entry.body.value.means : "";
  // One that is for nobody in particular can be accepted for any own request that is open.
  const wanted = row ? [row] : (room.help.value?.requests ?? []).filter((one) => !over(one));
  const own = wanted.filter((one) => mayNow(one.request, shown));
  if (helping?.offer === entry.name) {
    if (helping.sort === "move" && helping.request === (row?.request?.name ?? "")) return moveForm(helping, entry, room, shown);
    if (helping.sort === "accept" && own.length > 0 && (!row || helping.request === row.request?.name)) return acceptForm(helping, entry, own, room, shown);
  }
  const first = own[0];
  const may = mayNow(entry, shown);
  if (!first && !may) return nothing;
  const { enRoute = 0, arrived = 0, released = 0 } = entry.body.case === "assistanceOffer" ? entry.body.value : {};
  return html`<p class="pair wrap">
    ${first ? html`<button type="button" class="accept" @click=${() => room.helpWith({ sort: "accept", offer: entry.name, request: first.request!.name, quantity: String(wouldAccept(first, entry)) })}>${team(lang, "accept")}<span class="hidden"> ${name}</span></button>` : nothing}
    ${may ? html`<button type="button" class="move" @click=${() => room.helpWith({ sort: "move", offer: entry.name, request: row?.request?.name ?? "", enRoute: String(enRoute), arrived: String(arrived), released: String(released) })}>${team(lang, "move")}<span class="hidden"> ${name}</span></button>` : nothing}</p>`;
}

function framed(helping: HelpForm, send: () => void, button: TeamWord, ready: (now: HelpForm) => boolean, inside: unknown, room: Room, shown: Shown, more: unknown = nothing): TemplateResult {
  const { t, lang } = shown.language;
  const submit = (event: Event): void => {
    event.preventDefault();
    // As it stands when it is sent, which may not have been drawn yet.
    if (ready(room.helping ?? helping)) send();
    else room.changeHelp({ tried: true });
  };
  return html`<form class="helping" novalidate @submit=${submit} aria-busy=${helping.busy} aria-label=${team(lang, button)}><div class="asked">${inside}</div>${more}
    ${helping.notKept ? html`<p class="warn" role="alert">${t.notKept}</p>` : nothing}
    <p class="pair"><button type="submit" class="send" ?disabled=${helping.busy}>${team(lang, button)}</button>
      <button type="button" @click=${() => room.helpWith(undefined)}>${t.cancel}</button></p></form>`;
}

function numeric(helping: HelpForm, key: "quantity" | "enRoute" | "arrived" | "released", word: TeamWord, least: number, room: Room, shown: Shown, id: string): TemplateResult {
  const { lang } = shown.language;
  const bad = helping.tried && wholeOf(helping[key], least) === undefined;
  return html`<label>${team(lang, word)}<input id=${id} type="text" inputmode="numeric" maxlength="12" autocomplete="off" aria-invalid=${bad} aria-describedby=${bad ? `${id}-why` : nothing} .value=${live(helping[key])}
    @input=${(event: Event) => room.changeHelp({ [key]: typed(event) })} />${bad ? html`<span class="problem" id="${id}-why">${team(lang, "wholeNumber", least)}</span>` : nothing}</label>`;
}

/** To ask, or to offer. */
function begunForm(helping: HelpForm, room: Room, shown: Shown): TemplateResult {
  const { lang } = shown.language;
  const ask = helping.sort === "ask";
  const bad = helping.tried && !helping.what.trim();
  const ready = (now: HelpForm): boolean => now.what.trim() !== "" && wholeOf(now.quantity, 1) !== undefined;
  const change = room.changeHelp.bind(room);
  const when = (key: "by" | "until" | "arrives", word: TeamWord): TemplateResult => html`<label>${team(lang, word)}<input id="help-${key}" type="datetime-local" .value=${live(helping[key])} @input=${(event: Event) => change({ [key]: typed(event) })} /></label>`;
  return framed(helping, () => void room.sendBegun(shown), ask ? "askHelp" : "offerHelp", ready, html`
    <label>${team(lang, ask ? "need" : "means")}<input id="help-what" type="text" required maxlength="200" autocomplete="off" aria-invalid=${bad} .value=${live(helping.what)} @input=${(event: Event) => change({ what: typed(event) })} /></label>
    ${numeric(helping, "quantity", "howMany", 1, room, shown, "help-quantity")}
    ${ask ? html`<label>${team(lang, "ofWhom")}<input id="help-of" type="text" maxlength="71" list="help-parties" autocapitalize="none" spellcheck="false" .value=${live(helping.of)} @input=${(event: Event) => change({ of: typed(event) })} />
        <datalist id="help-parties">${shown.parties.filter(Boolean).map((name) => html`<option value=${party(name)}></option>`)}</datalist></label>
      ${when("by", "neededBy")}<label class="check"><input id="help-urgent" type="checkbox" .checked=${live(helping.urgent)} @change=${(event: Event) => change({ urgent: (event.target as HTMLInputElement).checked })} />${team(lang, "urgentToo")}</label>`
      : html`${when("until", "standsUntil")}${when("arrives", "arrivesAt")}
      <label>${shown.language.field("assistance_offer", "host_support")}<input id="help-needs" type="text" maxlength="1000" .value=${live(helping.needs)} @input=${(event: Event) => change({ needs: typed(event) })} /></label>`}
    ${partyChoice(helping.party, shown, (name) => change({ party: name }))}
    ${helping.request ? nothing : audienceChoice(helping.audience, shown, (audience) => change({ audience }), "help-audience")}`, room, shown, abroad(helping, room, shown));
}

function acceptForm(helping: HelpForm, entry: Entry, own: readonly Assistance[], room: Room, shown: Shown): TemplateResult {
  const { lang } = shown.language;
  const row = own.find((one) => one.request?.name === helping.request) ?? own[0]!;
  const pick = (event: Event): void => {
    const chosen = own.find((one) => one.request?.name === typed(event));
    if (chosen) room.changeHelp({ request: typed(event), quantity: String(wouldAccept(chosen, entry)) });
  };
  return framed(helping, () => void room.sendAccepted(row, entry, shown), "acceptThis", (now) => wholeOf(now.quantity, 0) !== undefined, html`
    <p class="quiet">${team(lang, "acceptHelp")}</p>
    ${own.length > 1 ? html`<label>${team(lang, "forRequest")}<select id="help-request" @change=${pick}>${own.map((one) => html`<option value=${one.request!.name} ?selected=${one === row}>${one.request!.body.case === "assistanceRequest" ? one.request!.body.value.need : ""}</option>`)}</select></label>` : nothing}
    ${numeric(helping, "quantity", "howMany", 0, room, shown, "help-quantity")}`, room, shown);
}

function moveForm(helping: HelpForm, entry: Entry, room: Room, shown: Shown): TemplateResult {
  const { lang, number } = shown.language;
  const ready = (now: HelpForm): boolean => moved(entry, now) !== undefined;
  return framed(helping, () => void room.sendMoved(entry, shown), "record", ready, html`
    ${numeric(helping, "enRoute", "enRoute", 0, room, shown, "help-en-route")}${numeric(helping, "arrived", "arrived", 0, room, shown, "help-arrived")}${numeric(helping, "released", "givenBack", 0, room, shown, "help-released")}
    <p class="aside">${team(lang, "ofQuantity")} ${number(offered(entry))}</p>
    <label class="check"><input id="help-withdraw" type="checkbox" .checked=${live(helping.withdraw)} @change=${(event: Event) => room.changeHelp({ withdraw: (event.target as HTMLInputElement).checked })} />${team(lang, "withdrawRest")}</label>
    ${helping.tried && !ready(helping) ? html`<p class="problem" role="alert">${team(lang, "tooManyMoved")}</p>` : nothing}`, room, shown);
}
