package wire

import (
	"strconv"
	"strings"
)

// Op is an operation.
type Op uint32

// The operations (RFC 3652 §2.2.2.1; DO-IRP 3.0 for 106; the rest as marked).
const (
	OpResolve          Op = 1
	OpSiteInfo         Op = 2
	OpCreate           Op = 100
	OpDelete           Op = 101
	OpAddValues        Op = 102
	OpRemoveValues     Op = 103
	OpModifyValues     Op = 104
	OpList             Op = 105
	OpListPrefixes     Op = 106 // derived prefixes; not before DO-IRP 3.0
	OpAnswerChallenge  Op = 200
	OpVerifyAnswer     Op = 201
	OpHome             Op = 300
	OpUnhome           Op = 301
	OpListHomed        Op = 302
	OpSetUpSession     Op = 400
	OpTerminateSession Op = 401
	OpExchangeKey      Op = 402 // not in DO-IRP 3.0
	OpNextTransaction  Op = 1000
	OpTransactions     Op = 1001
	OpDump             Op = 1002
	OpBackup           Op = 1003 // 1000 to 1003: Handle.Net, between its own servers
	OpPasswordLogin    Op = 2000 // ID-SDK, towards older systems
	OpLogin            Op = 2001 // ID-SDK and id-pointer-sdk: the connection is signed in
)

// opWords are the operations in the words of DO-IRP 3.0, or of who added them.
const opWords = `
1 RESOLUTION
2 GET_SITEINFO
100 CREATE_ID
101 DELETE_ID
102 ADD_ELEMENT
103 REMOVE_ELEMENT
104 MODIFY_ELEMENT
105 LIST_IDS
106 LIST_DERIVED_PREFIXES
200 CHALLENGE_RESPONSE
201 VERIFY_RESPONSE
300 HOME_PREFIX
301 UNHOME_PREFIX
302 LIST_HOMED_PREFIXES
400 SESSION_SETUP
401 SESSION_TERMINATE
402 SESSION_EXCHANGE_KEY
1000 GET_NEXT_TXN_ID
1001 RETRIEVE_TXN_LOG
1002 DUMP_HANDLES
1003 BACKUP_SERVER
2000 LOGIN
2001 LOGIN_ID_SYSTEM
`

// Known reports whether an operation is one of those above.
func (o Op) Known() bool { return line(opWords, uint32(o)) != "" }

// Writes reports whether an operation changes a record.
func (o Op) Writes() bool { return OpCreate <= o && o <= OpModifyValues }

// String returns the operation's word, or "operation 7" of one that is none.
func (o Op) String() string {
	if s := line(opWords, uint32(o)); s != "" {
		return s
	}
	return "operation " + strconv.FormatUint(uint64(o), 10)
}

// line returns what stands behind a number at the beginning of a line, or "".
func line(table string, number uint32) string {
	_, after, _ := strings.Cut(table, "\n"+strconv.FormatUint(uint64(number), 10)+" ")
	text, _, _ := strings.Cut(after, "\n")
	return text
}

// Flags steer an operation and say of an answer how it came about.
type Flags uint32

// The flags (RFC 3652 §2.2.2.3), with the abbreviations of String.
const (
	Authoritative   Flags = 1 << 31 // AT: only a primary server may answer
	Certified       Flags = 1 << 30 // CT: the answer must be signed
	Encrypted       Flags = 1 << 29 // ENC: the answer must be encrypted
	Recursive       Flags = 1 << 28 // REC: the server may ask others
	CacheCertified  Flags = 1 << 27 // CA: caches check what they keep
	Continuous      Flags = 1 << 26 // CN: further messages of this answer follow
	KeepConnection  Flags = 1 << 25 // KC: the connection stays open; see the server for whom it does anyway
	PublicOnly      Flags = 1 << 24 // PO: values that all may read, so that nobody is asked who they are
	RequestDigest   Flags = 1 << 23 // RD: the answer begins with a digest of its request
	Overwrite       Flags = 1 << 22 // OWE: what exists is replaced; from 2.3 on
	MintSuffix      Flags = 1 << 21 // MNS: the server makes up the suffix
	DoNotRefer      Flags = 1 << 20 // DNR: no referral as answer
	CarryIdentity   Flags = 1 << 2  // id-pointer-sdk: who asks goes with the request through recursion
	TrustedQuery    Flags = 1 << 1  // ID-SDK: the server checks what it finds
	TrustedAnswer   Flags = 1 << 0  // ID-SDK: it did, and it holds
	flagsFromTop          = "AT CT ENC REC CA CN KC PO RD OWE MNS DNR"
	flagsFromBottom       = "TA TQ RA"
)

// Has reports whether all of some flags are set.
func (f Flags) Has(some Flags) bool { return f&some == some }

// String returns the abbreviations of the flags that are set: "AT|CA"; what has none
// stands as a number.
func (f Flags) String() string {
	var out []string
	for i, name := range strings.Fields(flagsFromTop) {
		if bit := Authoritative >> i; f.Has(bit) {
			out, f = append(out, name), f&^bit
		}
	}
	for i, name := range strings.Fields(flagsFromBottom) {
		if bit := TrustedAnswer << i; f.Has(bit) {
			out, f = append(out, name), f&^bit
		}
	}
	if f != 0 || len(out) == 0 {
		out = append(out, "0x"+strconv.FormatUint(uint64(f), 16))
	}
	return strings.Join(out, "|")
}
