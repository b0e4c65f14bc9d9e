"""A client in Python, generated from `proto/`: everything a party's own system needs to take part.

Usage: client.py [ADDRESS]. Writes only into a new incident of mode TEST, says in plain words what
it does, and ends with 1 as soon as the node does anything else than it expects.
"""

import datetime
import hashlib
import sys
import uuid

import grpc
from google.protobuf import timestamp_pb2
from google.rpc import error_details_pb2

import contract

attachment = contract.module("attachment_service_pb2")
attachment_grpc = contract.module("attachment_service_pb2_grpc")
entry_pb = contract.module("entry_pb2")
geometry = contract.module("geometry_pb2")
incident_pb = contract.module("incident_pb2")
incidents = contract.module("incident_service_pb2")
incidents_grpc = contract.module("incident_service_pb2_grpc")
node = contract.module("node_service_pb2")
node_grpc = contract.module("node_service_pb2_grpc")
observation = contract.module("observation_pb2")
picture = contract.module("picture_service_pb2")
picture_grpc = contract.module("picture_service_pb2_grpc")
water = contract.module("water_level_pb2")

# A call that takes longer than this hangs.
SECONDS = 20


def expect(condition: bool, expectation: str) -> None:
    """Ends the program when the node does not do as the contract says."""
    if not condition:
        sys.exit(f"NOT AS EXPECTED: {expectation}")


def say(text: str) -> None:
    print(text, flush=True)


def now() -> timestamp_pb2.Timestamp:
    stamp = timestamp_pb2.Timestamp()
    stamp.FromDatetime(datetime.datetime.now(datetime.timezone.utc))
    return stamp


def text(language: str, title: str) -> entry_pb.Text:
    return entry_pb.Text(language=language, title=title)


def details(status) -> tuple[error_details_pb2.ErrorInfo, list]:
    """The stable reason and the wrong fields in a google.rpc.Status."""
    info, fields = error_details_pb2.ErrorInfo(), []
    for detail in status.details:
        if detail.Is(error_details_pb2.ErrorInfo.DESCRIPTOR):
            detail.Unpack(info)
        elif detail.Is(error_details_pb2.BadRequest.DESCRIPTOR):
            bad = error_details_pb2.BadRequest()
            detail.Unpack(bad)
            fields.extend(bad.field_violations)
    return info, fields


class Client:
    def __init__(self, address: str) -> None:
        self.channel = grpc.insecure_channel(address)
        self.node = node_grpc.NodeServiceStub(self.channel)
        self.incidents = incidents_grpc.IncidentServiceStub(self.channel)
        self.picture = picture_grpc.PictureServiceStub(self.channel)
        self.attachments = attachment_grpc.AttachmentServiceStub(self.channel)
        self.incident = f"incidents/python-{uuid.uuid4().hex[:12]}"

    def run(self) -> None:
        self.greet()
        self.open_incident()
        level, observed = self.publish()
        self.read(level)
        self.follow(level)
        before = self.as_of_now()
        self.retract(observed)
        self.ask_as_of(before, observed)
        self.exchange_a_photo()
        self.close_incident()

    def greet(self) -> None:
        status = self.node.GetNodeStatus(node.GetNodeStatusRequest(), timeout=SECONDS)
        say(f"Node {status.display_name} speaks for {status.party}, health {status.health}.")
        expect(status.health == node.HEALTH_OK, "a node in good health")
        expect(len(status.public_key) == 32, "a public key of 32 bytes")

    def open_incident(self) -> None:
        request = incidents.CreateIncidentRequest(
            request_id=str(uuid.uuid4()),
            incident=incident_pb.Incident(
                name=self.incident,
                mode=incident_pb.MODE_TEST,
                titles=[text("nl", "Proef van de Python-client")],
                hazards=[entry_pb.HAZARD_MET],
                phase=incident_pb.PHASE_WARM,
            ),
        )
        first = self.incidents.CreateIncident(request, timeout=SECONDS).incident
        say(f"Opened {first.name} for a test.")
        expect(first.name == self.incident, "the id that was asked for")
        expect(first.state == incident_pb.INCIDENT_STATE_OPEN, "an open incident")
        again = self.incidents.CreateIncident(request, timeout=SECONDS).incident
        expect(again == first, "the same request id with the same content gives the same answer")
        try:
            request.request_id = str(uuid.uuid4())
            self.incidents.CreateIncident(request, timeout=SECONDS)
            expect(False, "the id is taken")
        except grpc.RpcError as error:
            expect(error.code() == grpc.StatusCode.ALREADY_EXISTS, "ALREADY_EXISTS")

    def publish(self) -> tuple[str, str]:
        level, observed = (f"{self.incident}/entries/{uuid.uuid4()}" for _ in range(2))
        items = [
            picture.PublishItem(
                entry=entry_pb.Entry(
                    name=level,
                    statement=entry_pb.STATEMENT_FACT,
                    discipline=entry_pb.DISCIPLINE_WATER,
                    times=entry_pb.Times(observed=now()),
                    geometry=geometry.Geometry(
                        point=geometry.Position(latitude=50.8514, longitude=5.6910)
                    ),
                    water_level=water.WaterLevel(gauge="Sint Pieter", level_m=45.8, datum="NAP"),
                )
            ),
            # Wrong on purpose: no such latitude, and a level without its datum.
            picture.PublishItem(
                entry=entry_pb.Entry(
                    name=f"{self.incident}/entries/-",
                    statement=entry_pb.STATEMENT_FACT,
                    geometry=geometry.Geometry(
                        point=geometry.Position(latitude=95.0, longitude=5.69)
                    ),
                    water_level=water.WaterLevel(gauge="Borgharen", level_m=44.1),
                )
            ),
            picture.PublishItem(
                entry=entry_pb.Entry(
                    name=observed,
                    statement=entry_pb.STATEMENT_ASSUMPTION,
                    texts=[text("nl", "Kelders lopen onder"), text("en", "Cellars are flooding")],
                    observation=observation.Observation(theme=observation.THEME_POPULATION),
                )
            ),
        ]
        request = picture.PublishEntriesRequest(
            request_id=str(uuid.uuid4()), items=items, expected_mode=incident_pb.MODE_TEST
        )
        response = self.picture.PublishEntries(request, timeout=SECONDS)
        outcomes = [result.WhichOneof("outcome") for result in response.results]
        say(f"Published three items: {', '.join(outcomes)}.")
        expect(outcomes == ["published", "refused", "published"], "only the second is refused")
        expect(response.results[0].published.name == level, "the first has the name it came with")

        status = response.results[1].refused
        info, fields = details(status)
        say(f"The second was refused ({info.reason}): {status.message}")
        for field in fields:
            say(f"  {field.field}: {field.description}")
        expect(status.code == grpc.StatusCode.INVALID_ARGUMENT.value[0], "INVALID_ARGUMENT")
        expect(info.domain == "polder" and info.reason != "", "a stable reason of ours")
        wrong = {field.field for field in fields}
        expect(
            wrong
            == {"items[1].entry.geometry.point.latitude", "items[1].entry.water_level.datum"},
            f"both wrong fields by their paths, not {sorted(wrong)}",
        )
        return level, observed

    def read(self, level: str) -> None:
        response = self.picture.GetEntry(picture.GetEntryRequest(name=level), timeout=SECONDS)
        entry = response.entry
        say(f"Read back {entry.kind}: {entry.water_level.gauge}, {entry.water_level.level_m} m.")
        expect(entry.kind == "water_level" and entry.water_level.level_m == 45.8, "what was sent")
        expect(entry.party.startswith("parties/"), "the node's party where none was given")
        expect(entry.HasField("received_time") and entry.version != "", "what the node adds")
        expect(not response.rivals, "no contradiction")

    def follow(self, level: str) -> None:
        request = picture.SubscribeRequest(
            filter=picture.EntryFilter(incidents=[self.incident]),
            start=picture.SubscribeStart(snapshot=picture.SnapshotStart()),
            client_id="python-example",
        )
        stream = self.picture.Subscribe(request, timeout=SECONDS)
        held, digest, entries, title = {}, hashlib.sha256(), 0, ""
        for message in stream:
            event = message.WhichOneof("event")
            if event == "incident":
                title = message.incident.titles[0].title
            elif event == "changes":
                for change in message.changes.changes:
                    entries += 1
                    held[change.name] = list(change.versions)
                    for version in change.versions:
                        digest.update(version.version.encode() + b"\n")
            elif event == "snapshot_end":
                end = message.snapshot_end
                break
        expect(title != "", "the incident's own data comes first")
        expect(end.count == entries == 2, f"two entries, not {entries} or {end.count}")
        expect(end.digest == digest.digest(), "the digest of all versions, in the order sent")
        say(f"Took the picture of “{title}”: {entries} entries, the digest is right.")

        higher = picture.PublishItem(
            entry=entry_pb.Entry(
                name=level,
                statement=entry_pb.STATEMENT_FACT,
                discipline=entry_pb.DISCIPLINE_WATER,
                water_level=water.WaterLevel(gauge="Sint Pieter", level_m=46.1, datum="NAP"),
            )
        )
        self.picture.PublishEntries(picture.PublishEntriesRequest(items=[higher]), timeout=SECONDS)
        for message in stream:
            if message.WhichOneof("event") == "changes":
                (change,) = message.changes.changes
                break
        expect(change.name == level and not change.left, "the change of the entry just published")
        (version,) = change.versions
        expect(version.water_level.level_m == 46.1, "the new level")
        expect(list(version.supersedes) != [], "the version that it replaces")
        say(f"Saw the change as it came: now {version.water_level.level_m} m.")
        token = message.token
        stream.cancel()

        request.start.token = token
        stream = self.picture.Subscribe(request, timeout=SECONDS)
        other = f"{self.incident}/entries/{uuid.uuid4()}"
        item = picture.PublishItem(
            entry=entry_pb.Entry(
                name=other,
                statement=entry_pb.STATEMENT_QUESTION,
                texts=[text("nl", "Wie sluit de coupure?")],
                observation=observation.Observation(),
            )
        )
        self.picture.PublishEntries(picture.PublishEntriesRequest(items=[item]), timeout=SECONDS)
        for message in stream:
            event = message.WhichOneof("event")
            expect(event in ("changes", "progress", "incident"), f"no {event} after a token")
            if event == "changes":
                names = [change.name for change in message.changes.changes]
                expect(names == [other], f"only what came after the token, not {names}")
                break
        stream.cancel()
        say("Came back with the token and got what had changed since, nothing else.")

    def as_of_now(self) -> timestamp_pb2.Timestamp:
        """By the node's clock, which is the one that counts."""
        status = self.node.GetNodeStatus(node.GetNodeStatusRequest(), timeout=SECONDS)
        return status.node_time

    def retract(self, name: str) -> None:
        request = picture.RetractEntryRequest(
            request_id=str(uuid.uuid4()), name=name, reason="Bleek een andere straat te zijn"
        )
        entry = self.picture.RetractEntry(request, timeout=SECONDS).entry
        expect(entry.retracted and entry.retraction_reason == request.reason, "a retraction")
        request = picture.ListEntryVersionsRequest(name=name)
        versions = self.picture.ListEntryVersions(request, timeout=SECONDS).versions
        expect([v.retracted for v in versions] == [False, True], "both versions stay readable")
        request = picture.ListEntriesRequest(filter=picture.EntryFilter(incidents=[self.incident]))
        names = [e.name for e in self.picture.ListEntries(request, timeout=SECONDS).entries]
        expect(name not in names and len(names) == 2, "it is gone from the picture")
        say("Withdrew the observation: gone from the picture, both its versions still there.")

    def ask_as_of(self, before: timestamp_pb2.Timestamp, retracted: str) -> None:
        def known(moment) -> set[str]:
            request = picture.GetPictureAsOfRequest(
                filter=picture.EntryFilter(incidents=[self.incident]), known_at=moment
            )
            names, summary = set(), None
            for message in self.picture.GetPictureAsOf(request, timeout=SECONDS):
                names.update(entry.name for entry in message.entries)
                if message.HasField("summary"):
                    summary = message.summary
            expect(summary is not None, "a summary in the last message")
            expect(summary.entry_count == len(names), "as many entries as the summary says")
            return names

        then, today = known(before), known(None)
        expect(retracted in then and len(then) == 3, "then, the observation was known")
        expect(retracted not in today and len(today) == 2, "now it no longer holds")
        say(f"Asked what was known before: {len(then)} entries; now: {len(today)}.")

    def exchange_a_photo(self) -> None:
        data = bytes(range(256)) * 4096  # 1 MiB
        name = f"attachments/{hashlib.sha256(data + self.incident.encode()).hexdigest()}"
        data += self.incident.encode()
        described = attachment.Attachment(
            name=name, media_type="image/jpeg", size_bytes=len(data)
        )

        def start() -> int:
            request = attachment.StartUploadRequest(attachment=described)
            return self.attachments.StartUpload(request, timeout=SECONDS).offset

        def send(offset: int):
            chunk = data[offset : offset + 400_000]
            request = attachment.UploadChunkRequest(name=name, offset=offset, data=chunk)
            return self.attachments.UploadChunk(request, timeout=SECONDS)

        expect(start() == 0, "an upload starts at the first byte")
        offset = send(0).offset
        expect(offset == 400_000, "the first chunk is durable")
        resumed = start()
        expect(resumed == offset, "an upload that broke off goes on where it was")
        try:
            send(0)
            expect(False, "a chunk from the wrong offset is refused")
        except grpc.RpcError as error:
            expect(error.code() == grpc.StatusCode.INVALID_ARGUMENT, "INVALID_ARGUMENT")
        response = None
        while offset < len(data):
            response = send(offset)
            expect(response.offset > offset, "the upload moves on")
            offset = response.offset
        expect(response.attachment.name == name, "the attachment exists after its last byte")
        expect(start() == len(data), "sending it again is not needed")

        half = len(data) // 2
        got = b""
        for offset in (0, half):
            request = attachment.DownloadRequest(name=name, offset=offset)
            for piece in self.attachments.Download(request, timeout=SECONDS):
                expect(piece.offset == len(got) and len(piece.data) <= 65536, "the next piece")
                got += piece.data
                if offset == 0 and len(got) >= half:
                    got = got[:half]  # broke off on purpose
                    break
        expect(got == data, "the same bytes, also with a break in the middle")
        request = attachment.GetAttachmentRequest(name=name)
        known = self.attachments.GetAttachment(request, timeout=SECONDS).attachment
        expect(known.size_bytes == len(data) and known.citation_count == 0, "its size, no citation")
        say(f"Sent a photo of {len(data)} bytes in pieces and fetched it, each with a break.")

    def close_incident(self) -> None:
        request = incidents.CloseIncidentRequest(
            request_id=str(uuid.uuid4()), name=self.incident, reason="De proef is klaar"
        )
        closed = self.incidents.CloseIncident(request, timeout=SECONDS).incident
        expect(closed.state == incident_pb.INCIDENT_STATE_CLOSED, "a closed incident")
        say("Closed the incident. All as expected.")


if __name__ == "__main__":
    Client(sys.argv[1] if len(sys.argv) > 1 else "127.0.0.1:7420").run()
