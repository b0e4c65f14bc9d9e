#!/usr/bin/env bash
# Runs both clients: examples/python/run.sh POLDER starts a node of that program for it, on free
# ports and a temporary store; examples/python/run.sh --node ADDRESS uses a node that runs already.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
polder=${1:?usage: run.sh POLDER | run.sh --node ADDRESS}
if [ "$polder" != --node ]; then
  polder=$(realpath "$polder")
fi

if ! [ -x "$here/.venv/bin/python" ]; then
  python3 -m venv "$here/.venv"
fi
"$here/.venv/bin/pip" install --quiet --disable-pip-version-check -r "$here/requirements.txt"
python=$here/.venv/bin/python

if [ "$polder" = --node ]; then
  address=${2:?usage: run.sh --node ADDRESS}
else
  work=$(mktemp -d)
  node=
  # shellcheck disable=SC2329 # called by the trap
  end() {
    if [ -n "$node" ]; then
      kill "$node" 2>/dev/null || true
      wait "$node" 2>/dev/null || true
    fi
    rm -rf "$work"
  }
  trap end EXIT
  read -r port admin < <("$python" - <<'PORTS'
import socket
sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(2)]
print(*(one.getsockname()[1] for one in sockets))
PORTS
  )
  address=127.0.0.1:$port
  "$polder" init --data "$work/data" --name demo --party zuid-limburg
  "$polder" serve --data "$work/data" --listen "$address" --admin "127.0.0.1:$admin" \
    >"$work/log" 2>&1 &
  node=$!
  for _ in $(seq 100); do
    if (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then
      break
    fi
    if ! kill -0 "$node" 2>/dev/null; then
      cat "$work/log" >&2
      exit 1
    fi
    sleep 0.1
  done
fi

echo "== client.py"
"$python" "$here/client.py" "$address"
echo "== plain_json.py"
"$python" "$here/plain_json.py" "$address"
