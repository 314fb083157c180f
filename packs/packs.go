// Package packs holds the data packs that come with the program.
//
// A pack is data, not code: see chongqing/README.md. What must hold: the program
// works with any pack of the same shape, so nothing else may import this package
// but the command that chooses the default and tests.
package packs

import (
	"embed"
	"io/fs"
)

//go:embed chongqing
var files embed.FS

// Chongqing returns the pack of Chongqing's "1458" plan.
func Chongqing() fs.FS {
	sub, err := fs.Sub(files, "chongqing")
	if err != nil {
		return files // cannot happen: the name is a valid path
	}
	return sub
}
