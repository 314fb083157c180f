package pebblestore_test

import (
	"context"
	"fmt"
	"os"
	"time"

	"yuzhou/modules/identifiers/handle"
	"yuzhou/modules/identifiers/records"
	"yuzhou/modules/identifiers/records/pebblestore"
	"yuzhou/modules/identifiers/records/recordstest"
)

// run writes pairs of records for ever and prints the number of each that is durable.
func run(dir, how string) error {
	ctx := context.Background()
	s, err := pebblestore.Open(ctx, dir, pebblestore.Options{Now: time.Now, Reserve: 1})
	if err != nil {
		return err
	}
	if how == "apply" {
		for i := 0; ; i++ {
			if _, err := s.Apply(ctx, put(name(how, i), i)); err != nil {
				return err
			}
			if _, err := fmt.Fprintln(os.Stdout, i); err != nil {
				return err
			}
		}
	}
	source := func(yield func(handle.Record, error) bool) {
		for i := 0; ; i++ {
			if !yield(recordstest.Record(name(how, i), i), nil) || !yield(recordstest.Record(name(how, i)+"-twin", i), nil) {
				return
			}
		}
	}
	return s.Load(ctx, source, records.LoadOptions{Key: "file", Chunk: 2, OnChunk: func(p records.Progress) error {
		_, err := fmt.Fprintln(os.Stdout, p.First/2)
		return err
	}})
}
