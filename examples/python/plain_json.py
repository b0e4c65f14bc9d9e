"""A client that was not built for Polder: it knows server reflection and JSON, nothing else.

Usage: plain_json.py [ADDRESS]. What grpcurl does, in Python: it asks the node what it serves,
reads the contract from it, and speaks JSON. Ends with 1 when anything is not as expected.
"""

import json
import sys
import uuid

import grpc
from google.protobuf import descriptor_pb2, descriptor_pool, json_format, message_factory
from google.rpc import error_details_pb2  # noqa: F401 (registers google.rpc.ErrorInfo and such)
from grpc_reflection.v1alpha import reflection_pb2
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import (
    ProtoReflectionDescriptorDatabase,
)

SECONDS = 20
# Those used below; a node may serve more, and a newer one will.
NEEDED = {f"polder.v1.{name}Service" for name in ("Incident", "Node", "Picture")}


def expect(condition: bool, expectation: str) -> None:
    if not condition:
        sys.exit(f"NOT AS EXPECTED: {expectation}")


def list_by_v1(channel: grpc.Channel) -> set[str]:
    """Services by grpc.reflection.v1, whose messages are those of v1alpha under another name."""
    call = channel.stream_stream(
        "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
        request_serializer=reflection_pb2.ServerReflectionRequest.SerializeToString,
        response_deserializer=reflection_pb2.ServerReflectionResponse.FromString,
    )
    request = reflection_pb2.ServerReflectionRequest(list_services="")
    response = next(call(iter([request]), timeout=SECONDS))
    return {service.name for service in response.list_services_response.service}


class Reflection(ProtoReflectionDescriptorDatabase):
    """What the node describes; and google.rpc's details of errors, which every gRPC client knows,
    from this client itself when the node leaves them out."""

    def known_here(self, find, what: str):
        file = descriptor_pb2.FileDescriptorProto()
        find(what).CopyToProto(file)
        if not what.endswith(".proto"):
            print(f"(the node does not describe {what}; known here)")
        return file

    def FindFileContainingSymbol(self, symbol: str):
        try:
            return super().FindFileContainingSymbol(symbol)
        except (grpc.RpcError, KeyError):
            if not symbol.startswith("google."):
                raise
            return self.known_here(descriptor_pool.Default().FindFileContainingSymbol, symbol)

    def FindFileByName(self, name: str):
        try:
            return super().FindFileByName(name)
        except (grpc.RpcError, KeyError):
            if not name.startswith("google/"):
                raise
            return self.known_here(descriptor_pool.Default().FindFileByName, name)


class Plain:
    def __init__(self, address: str) -> None:
        self.channel = grpc.insecure_channel(address)
        self.reflection = Reflection(self.channel)
        self.pool = descriptor_pool.DescriptorPool(self.reflection)

    def method(self, service: str, name: str):
        return self.pool.FindServiceByName(f"polder.v1.{service}").FindMethodByName(name)

    def call(self, service: str, name: str, request: dict):
        """Calls with JSON; gives back JSON, or an iterator of it for a stream."""
        method = self.method(service, name)
        ask = message_factory.GetMessageClass(method.input_type)
        answer = message_factory.GetMessageClass(method.output_type)
        kind = self.channel.unary_stream if method.server_streaming else self.channel.unary_unary
        call = kind(
            f"/polder.v1.{service}/{name}",
            request_serializer=ask.SerializeToString,
            response_deserializer=answer.FromString,
        )
        message = json_format.ParseDict(request, ask(), descriptor_pool=self.pool)
        said = call(message, timeout=SECONDS)
        if method.server_streaming:
            return (self.as_json(message) for message in said)
        return self.as_json(said)

    def as_json(self, message) -> dict:
        return json_format.MessageToDict(message, descriptor_pool=self.pool)


def main(address: str) -> None:
    plain = Plain(address)
    served = set(plain.reflection.get_services())
    print("The node serves:", *sorted(served), sep="\n  ")
    expect(NEEDED <= served, f"the services of the picture, not {sorted(served)}")
    # Each version of reflection may leave the other out of its own list.
    ours, again = (
        {service for service in listed if service.startswith("polder.")}
        for listed in (served, list_by_v1(plain.channel))
    )
    expect(ours == again, f"the same services by grpc.reflection.v1, not {sorted(again)}")
    for service in sorted(ours):
        methods = plain.pool.FindServiceByName(service).methods
        print(f"{service}:", ", ".join(method.name for method in methods))

    incident = f"incidents/json-{uuid.uuid4().hex[:12]}"
    opened = {
        "incident": {
            "name": incident,
            "mode": "MODE_TEST",
            "titles": [{"language": "en", "title": "A test in plain JSON"}],
        }
    }
    print(json.dumps(plain.call("IncidentService", "CreateIncident", opened), indent=2))

    entry = {
        "name": f"{incident}/entries/-",
        "statement": "STATEMENT_FACT",
        "times": {"observed": "2026-01-15T09:30:00Z"},
        "texts": [{"language": "en", "title": "The road is under water"}],
        "closure": {
            "object": "CLOSURE_OBJECT_ROAD",
            "state": "CLOSURE_STATE_CLOSED",
            "designation": "N271",
        },
    }
    items = {"items": [{"entry": entry}, {"entry": {"name": f"{incident}/entries/-"}}]}
    answer = plain.call("PictureService", "PublishEntries", items)
    print(json.dumps(answer, indent=2, ensure_ascii=False))
    published, refused = answer["results"]
    name = published["published"]["name"]
    expect(name.startswith(f"{incident}/entries/"), "a name that the node chose")
    expect(refused["refused"]["code"] == 3, "INVALID_ARGUMENT for an entry without a body")
    details = {detail["@type"].rsplit(".", 1)[-1] for detail in refused["refused"]["details"]}
    expect(details == {"ErrorInfo", "BadRequest"}, f"both details, not {details}")

    request = {"filter": {"incidents": [incident]}, "start": {"snapshot": {}}}
    shown = None
    for message in plain.call("PictureService", "Subscribe", request):
        print(json.dumps(message, indent=2, ensure_ascii=False))
        for change in message.get("changes", {}).get("changes", []):
            (shown,) = change["versions"]
        if "snapshotEnd" in message:
            expect(message["snapshotEnd"]["count"] == "1", "one entry in the picture")
            break
    expect(shown is not None and shown["name"] == name, "the entry just published")
    expect(shown["kind"] == "closure" and shown["closure"] == entry["closure"], "as it was sent")
    print("All as expected.")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "127.0.0.1:7420")
