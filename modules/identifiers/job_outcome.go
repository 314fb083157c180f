package identifiers

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/csv"
	"errors"
	"io"
	"maps"
	"strconv"
	"strings"

	"yuzhou/kernel/store"
	"yuzhou/modules/identifiers/intake"
)

// note adds the verdicts on some rows to a job and returns them as CSV in gzip: the row
// of the file, the identifier, the outcome, and why in both languages.
func note(j *Job, rows []intake.Row, verdicts []Verdict) ([]byte, error) {
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	w := csv.NewWriter(z)
	j.Counts = maps.Clone(j.Counts)
	if j.Counts == nil {
		j.Counts = map[string]int64{}
	}
	for i, v := range verdicts {
		j.Counts[v.Outcome]++
		if v.Outcome == Refused || v.Outcome == Taken {
			j.Refused++
		}
		if err := w.Write([]string{strconv.Itoa(rows[i].Line), harmless(v.Identifier), v.Outcome, harmless(v.ZH), harmless(v.EN)}); err != nil {
			return nil, err
		}
	}
	j.Done += int64(len(rows))
	w.Flush()
	err := errors.Join(w.Error(), z.Close())
	return out.Bytes(), err
}

// harmless keeps a cell from being taken for a formula by the program that opens the file.
func harmless(cell string) string {
	if cell != "" && strings.ContainsRune("=+-@\t\r", rune(cell[0])) {
		return "'" + cell
	}
	return cell
}

// outcomes writes what became of the rows of a job as CSV, up to where it is.
//
//   - wrong: those rows alone that were refused or taken.
func (s *Service) outcomes(ctx context.Context, id string, wrong bool, to io.Writer) error { //nolint:revive // all rows or these is what a reader chooses
	if _, err := io.WriteString(to, "\ufeffrow,identifier,outcome,说明,why\n"); err != nil {
		return err
	}
	w := csv.NewWriter(to)
	err := s.db.Read(ctx, func(tx store.Tx) error {
		return outcomesOf(ctx, tx, id, func(doc []byte) error {
			return eachOutcome(doc, func(cells []string) error {
				if wrong && cells[2] != Refused && cells[2] != Taken {
					return nil
				}
				return w.Write(cells)
			})
		})
	})
	w.Flush()
	return errors.Join(err, w.Error())
}

// eachOutcome calls use with each row of what note has written: line, identifier,
// outcome, why in Chinese, why in English.
func eachOutcome(doc []byte, use func(cells []string) error) error {
	z, err := gzip.NewReader(bytes.NewReader(doc))
	if err != nil {
		return err
	}
	rows := csv.NewReader(z)
	for {
		cells, err := rows.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err == nil {
			err = use(cells)
		}
		if err != nil {
			return err
		}
	}
}
