#!/bin/sh
# usage: knot.sh start PORT N | load PORT SECONDS | stop PORT
#
# Knot DNS on 127.0.0.1:PORT with N TXT records of 125 B, r0.ids.test and so on, as the
# measure of an answer by UDP. Files go to ${TMPDIR:-/var/tmp}/knot-PORT. Load lasts at
# most 60 s and prints the server's processor time for each query.
usage() {
	sed -n '2,6s/^# \{0,1\}//p' "$0"
	exit 2
}
[ $# -ge 2 ] || usage
command=$1 port=$2 dir=${TMPDIR:-/var/tmp}/knot-$2

zone() {
	awk -v n="$1" -v zone="$dir/zone-$1" -v queries="$dir/queries" 'BEGIN {
		srand(1)
		print "$ORIGIN ids.test.\n$TTL 86400\n@ SOA ns.ids.test. admin.ids.test. 1 3600 600 86400 300\n@ NS ns\nns A 127.0.0.1" > zone
		for (i = 0; i < n; i++) {
			text = sprintf("88.118.%04d/GBppQ-2307dd-%09d ", i % 9999, i)
			while (length(text) < 125) text = text "x"
			printf "r%d TXT \"%s\"\n", i, text > zone
		}
		for (i = 0; i < 100000; i++) printf "r%d.ids.test TXT\n", int(rand() * n) > queries
	}'
}

start() {
	mkdir -p "$dir/db"
	[ -f "$dir/zone-$1" ] || zone "$1"
	cat > "$dir/knot.conf" <<-CONF
		server:
		    listen: 127.0.0.1@$port
		    rundir: $dir
		    udp-workers: ${WORKERS:-2}
		database:
		    storage: $dir/db
		zone:
		  - domain: ids.test
		    storage: $dir
		    file: zone-$1
		    zonefile-sync: -1
		    journal-content: none
		    semantic-checks: off
	CONF
	knotd -c "$dir/knot.conf" -d || exit 1
	for _ in $(seq 240); do
		kdig @127.0.0.1 -p "$port" +short +time=1 +retry=0 r0.ids.test TXT 2> /dev/null | grep -q '^"' && return
		sleep 0.5
	done
	echo "Knot DNS does not answer after two minutes"
	exit 1
}

# ticks is the processor time of the server so far, in hundredths of a second.
ticks() { awk '{print $14 + $15}' "/proc/$(cat "$dir/knot.pid")/stat"; }

load() {
	seconds=$1
	[ "$seconds" -le 60 ] || seconds=60
	before=$(ticks)
	dnsperf -s 127.0.0.1 -p "$port" -d "$dir/queries" -l "$seconds" -c 8 -q 200 > "$dir/dnsperf.out" || exit 1
	after=$(ticks)
	awk -v used=$((after - before)) '/Queries (completed|per second)/ { print; if (/completed/) n = $3 }
		END { printf "  Server: %.2f us of CPU for each query, %.0f queries for each CPU-second\n", used * 10000 / n, n * 100 / used }' "$dir/dnsperf.out"
}

case $command in
start) [ $# -eq 3 ] || usage; start "$3" ;;
load) [ $# -eq 3 ] || usage; load "$3" ;;
stop) kill "$(cat "$dir/knot.pid")" ;;
*) usage ;;
esac
