//go:build js

// Command browser is the verifier as WebAssembly: the page /verify runs it on the
// visitor's machine. It is the code of yuzhou verify and nothing else; it has no network
// and no storage. go run ./cmd/browser/build makes it.
package main

import (
	"encoding/json"
	"syscall/js"

	"yuzhou/engine/proof/verify"
	"yuzhou/modules/indicators/replay"
)

func main() {
	js.Global().Set("yuzhouVerify", js.FuncOf(check))
	select {}
}

// answer is what the page gets, as JSON.
type answer struct {
	verify.Report

	Error string `json:"error,omitempty"` // of the policy, before anything was checked
	ZH    string `json:"zh"`
	EN    string `json:"en"`
}

// check takes a bundle (Uint8Array), the text of a policy and whether to compute again.
func check(_ js.Value, args []js.Value) any {
	file := make([]byte, args[0].Length())
	js.CopyBytesToGo(file, args[0])
	var a answer
	p, err := verify.ParsePolicy([]byte(args[1].String()))
	if err != nil {
		a.Error = err.Error()
	} else {
		o := verify.Options{}
		if args[2].Bool() {
			o.Replay = replay.Replay
		}
		a.Report = verify.Verify(file, p, o)
		a.ZH, a.EN = a.Sentence()
	}
	text, err := json.Marshal(a)
	if err != nil {
		return err.Error()
	}
	return string(text)
}
