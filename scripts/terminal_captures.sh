#!/usr/bin/env bash
# What the command line looks like on a terminal, as text for docs/terminal: a training of the shipped images at 80 columns, one of a folder
# of photographs at 120, the help of each verb, and some lines that are typed wrong. Needs tmux and the tool resnet in the path.
# Usage: scripts/terminal_captures.sh PHOTOGRAPHS (one folder a class; takes some minutes)
set -euo pipefail
target="$(cd "$(dirname "$0")/.." && pwd)/docs/terminal"
photographs="$(realpath "$1")"
mkdir -p "$target"
rm -rf /tmp/resnet
mkdir /tmp/resnet
cd /tmp/resnet

# The screen of a terminal of so many columns, after a command has ended and, where a number is given, so many seconds after its begin.
capture() {
    local name=$1 columns=$2 command=$3 midway=${4:-}
    tmux -f /dev/null new-session -d -s capture -x "$columns" -y 60 'PS1="$ " bash --norc'
    sleep 1
    tmux send-keys -t capture "clear; $command; touch ended" Enter
    if [ -n "$midway" ]; then
        sleep "$midway"
        tmux capture-pane -t capture -p | sed 's/ *$//' | cat -s > "$target/$name-midway.txt"
    fi
    until [ -e ended ]; do sleep 0.2; done
    rm ended
    sleep 0.5
    { echo "\$ $command"; tmux capture-pane -t capture -p -S -200 | sed 's/ *$//' | grep -v '^\$ *$' | cat -s; } > "$target/$name.txt"
    tmux kill-session -t capture
}

ln -s "$photographs" photographs
capture train-80 80 "resnet train --epochs 3" 45
capture photographs-120 120 "resnet train --images photographs --pretrained --image-size 128 --out flowers" 20
capture predict-80 80 "resnet predict --model flowers/model.zip photographs/*/07.jpg"
for verb in "" train evaluate predict explain summary export completion; do
    resnet $verb --help > "$target/help${verb:+-$verb}.txt"
done

# What is wrong, and what to type.
while read -r line; do
    echo "\$ resnet $line"
    resnet $line 2>&1 || true
    echo
done > "$target/wrong.txt" <<'LINES'
trian
train --epoch 3
train --epochs many
train --recipe quick
train --architecture resnet19
train --device gpu
train --resume
train --data a --images b
train --images
explain cat.jpg
export --model out/model.zip
summary --image-size 0
LINES
