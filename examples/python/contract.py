"""Compiles `proto/` into an ignored directory next to this file and imports what came out.

`google/rpc/status.proto` in `proto/` is the public one, which googleapis-common-protos brings
along compiled; compiling it again would register it twice, so only `polder/v1` is compiled.
"""

import importlib
import pathlib
import sys

from google.rpc import error_details_pb2, status_pb2  # noqa: F401 (registers google.rpc)
from grpc_tools import protoc

HERE = pathlib.Path(__file__).resolve().parent
PROTO = HERE.parent.parent / "proto"
GENERATED = HERE / "generated"


def _compile() -> None:
    GENERATED.mkdir(exist_ok=True)
    files = sorted((PROTO / "polder" / "v1").glob("*.proto"))
    well_known = pathlib.Path(protoc.__file__).parent / "_proto"
    arguments = [
        "protoc",
        f"--proto_path={PROTO}",
        f"--proto_path={well_known}",
        f"--python_out={GENERATED}",
        f"--grpc_python_out={GENERATED}",
        *map(str, files),
    ]
    if protoc.main(arguments) != 0:
        sys.exit("proto/ does not compile")


_compile()
sys.path.insert(0, str(GENERATED))


def module(name: str):
    """A generated module, such as `entry_pb2`."""
    return importlib.import_module(f"polder.v1.{name}")
