#!/bin/sh
# usage: interop.sh PEERS HOST PORT HTTPPORT KEYS USER PREFIX
#
# Lets every client found in the folder PEERS talk to a node on loopback: UDP and TCP
# on PORT, HTTPS on HTTPPORT. KEYS holds the administrator's keys: admin.priv (the key
# file of Handle clients), admin.pkcs8.pem (RSA, value 300 of USER) and seckey.txt
# (value 301). Below PREFIX the identifier PREFIX/one must exist and be public; others
# are made and taken away again. Prints a line for each check and ends with 1 when one
# failed. README.md says what each client is.
[ $# -eq 7 ] || { sed -n '2,9s/^# \{0,1\}//p' "$0"; exit 2; }
peers=$1 host=$2 port=$3 http=$4 keys=$5 user=$6 prefix=$7
passed=0 failed=0

# check NAME COMMAND...: passes when the command ends with 0 within 30 s.
check() {
	name=$1
	shift
	if [ ! -x "$1" ]; then
		echo "absent  $name"
		return
	fi
	if out=$(timeout 30 "$@" 2>&1); then
		passed=$((passed + 1))
		echo "passed  $name"
	else
		failed=$((failed + 1))
		echo "failed  $name"
		echo "$out" | sed 's/^/          /' | head -n 12
	fi
}

who="user=$user index=300"
new=$prefix/interop
for way in udp tcp; do
	check "Handle client, $way: resolve, certified answer, site" \
		"$peers/hdl" "$host" "$port" $way resolve "$prefix/one" certified "$prefix/one" site
done
for session in none mac encrypt; do
	with=
	[ $session = none ] || with=session=$session
	check "Handle client, RSA, session $session: create to delete" \
		"$peers/hdl" "$host" "$port" tcp $who "key=$keys/admin.priv" $with \
		create "$new-$session" add "$new-$session" modify "$new-$session" remove "$new-$session" delete "$new-$session"
done
for version in 2.4 2.7 2.10; do
	check "Handle client of $version, secret key: create, delete" \
		"$peers/hdl" "$host" "$port" tcp "user=$user" index=301 "secret=$keys/seckey.txt" version=$version \
		create "$new-$version" delete "$new-$version"
done
check "Handle client: list of a prefix" \
	"$peers/hdl" "$host" "$port" tcp $who "key=$keys/admin.priv" list "0.NA/$prefix"
check "Python wire client: resolve, create, delete" \
	"$peers/handleclient" "$host" "$port" $who "key=$keys/admin.priv" \
	resolve "$prefix/one" create "$new-py" delete "$new-py"
check "ID-SDK: resolve twice on one connection" \
	"$peers/idsdk" "$host" "$port" tcp resolve "$prefix/one" types "$prefix/one"
check "ID-SDK: log in, create to delete" \
	"$peers/idsdk" "$host" "$port" tcp $who "key=$keys/admin.pkcs8.pem" \
	create "$new-sdk" add "$new-sdk" modify "$new-sdk" remove "$new-sdk" delete "$new-sdk"
check "id-pointer-sdk: resolve twice on one connection" \
	"$peers/idpointer" "$host" "$port" resolve "$prefix/one" types "$prefix/one"
check "id-pointer-sdk: log in with RSA, create to delete" \
	"$peers/idpointer" "$host" "$port" $who "key=$keys/admin.pkcs8.pem" \
	create "$new-ptr" add "$new-ptr" modify "$new-ptr" remove "$new-ptr" delete "$new-ptr"
check "id-pointer-sdk: log in with a secret key, create, delete" \
	"$peers/idpointer" "$host" "$port" "user=$user" index=301 "secret=$keys/seckey.txt" \
	create "$new-sec" delete "$new-sec"
check "PYHANDLE: read, register, modify, delete" \
	"$peers/pyhandle" "$host" "$http" "user=301:$user" "passwordfile=$keys/seckey.txt" \
	read "$prefix/one" register "$new-rest" modify "$new-rest" read "$new-rest" delete "$new-rest"
echo "$passed passed, $failed failed"
[ $failed -eq 0 ]
