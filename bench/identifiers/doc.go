// Package identifiers measures the identifier node with its peers in the same run.
package identifiers
