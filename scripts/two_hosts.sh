#!/usr/bin/env bash
# Trains on "two hosts": network namespaces of this machine, joined by a cable of a given speed, one process of one thread in each.
# Needs root, iproute2 and mpich. Usage: scripts/two_hosts.sh RATE... (as tc has them: 1gbit, 100mbit), with BENCHMARKS=FOLDER of the
# published benchmarks, and with COMPRESSION=BFloat16 for gradients that are sent so.
set -euo pipefail
benchmarks="${BENCHMARKS:?the folder of the published benchmarks}"
work=$(mktemp -d)
trap 'ip netns del host1; ip netns del host2; rm -rf "$work"' EXIT

for host in 1 2; do
    ip netns add "host$host"
done
ip link add cable1 type veth peer name cable2
for host in 1 2; do
    ip link set "cable$host" netns "host$host"
    ip netns exec "host$host" ip addr add "10.77.0.$host/24" dev "cable$host"
    ip netns exec "host$host" ip link set lo up
    ip netns exec "host$host" ip link set "cable$host" up
done

# What mpirun takes for ssh: HOST COMMAND...
cat > "$work/ssh" <<'SSH'
#!/usr/bin/env bash
while [[ $1 == -* ]]; do shift; done
host=$1; shift
exec ip netns exec "host${host##*.}" sh -c "$*"
SSH
chmod +x "$work/ssh"

for rate in "$@"; do
    for host in 1 2; do
        ip netns exec "host$host" tc qdisc replace dev "cable$host" root tbf rate "$rate" burst 1mb latency 100ms
    done
    echo "== $rate"
    UCX_TLS=tcp,self ip netns exec host1 mpirun.mpich -localhost 10.77.0.1 -launcher ssh -launcher-exec "$work/ssh" \
        -hosts 10.77.0.1,10.77.0.2 -ppn 1 -np 2 \
        dotnet "$benchmarks/ResNetTrainer.Benchmarks.dll" fit --images 512 --epochs 3 --batch-size 64 --image-size 64 --threads 1 \
        --gradient-compression "${COMPRESSION:-None}" \
        | sed -n 1p | grep -o '"imagesPerSecond":\[[^]]*\]'
done
