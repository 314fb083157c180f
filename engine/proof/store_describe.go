package proof

import (
	"context"
	"slices"
	"strconv"
	"time"

	"yuzhou/engine/proof/statement"
	"yuzhou/kernel/module"
	"yuzhou/kernel/store"
)

// describe says of each statement what its signed text says, and where its proof is:
// under its name with vintage, and the newest under its name alone.
func (s *Service) describe(ctx context.Context, since time.Time, use func(module.Description) error) error {
	return s.db.Read(ctx, func(tx store.Tx) error {
		newest, err := newestVintages(ctx, tx)
		if err != nil {
			return err
		}
		rows, err := store.Collect(ctx, tx, `SELECT `+rowColumns+` FROM proof_statement WHERE issued >= $1 ORDER BY issued, name, vintage`,
			[]any{store.Micros(since)}, scanRow)
		for _, r := range rows {
			d, err := s.description(ctx, tx, r)
			if err == nil {
				err = use(d)
			}
			if d.Name = r.Name; err == nil && newest[r.Name] == r.Vintage {
				err = use(d)
			}
			if err != nil {
				return err
			}
		}
		return err
	})
}

// newestVintages returns the newest vintage of each name.
func newestVintages(ctx context.Context, tx store.Tx) (map[string]int64, error) {
	out := map[string]int64{}
	return out, tx.Each(ctx, `SELECT name, max(vintage) FROM proof_statement GROUP BY name`, nil, func(scan func(...any) error) error {
		var name string
		var vintage int64
		err := scan(&name, &vintage)
		out[name] = vintage
		return err
	})
}

// description is what a statement says and what proves it.
func (s *Service) description(ctx context.Context, tx store.Tx, r row) (module.Description, error) {
	st, _, err := statement.Parse(r.doc)
	if err != nil {
		return module.Description{}, err
	}
	facts := module.Facts("VALUE", st.Value, "UNIT", st.Unit, "PERIOD", st.Period, "STATUS", st.Status)
	if st.Withdraws != "" {
		facts = append(facts, module.Fact{Type: "STATUS", Text: "withdrawn"})
	}
	if st.Formula != nil {
		body, err := s.text(ctx, tx, st.Formula.Digest)
		if err != nil {
			return module.Description{}, err
		}
		facts = append(facts, module.Facts("FORMULA", body)...)
	}
	if st.Source != nil {
		facts = append(facts, module.Facts("SOURCE", st.Source.Document, "LOCATOR", st.Source.Locator)...)
	}
	for _, in := range st.Inputs {
		if in.Name != "" {
			facts = append(facts, module.Fact{Type: "INPUT", Text: in.Name + "@" + strconv.FormatInt(in.Vintage, 10)})
		}
	}
	full := s.full(r.Ref)
	facts = append(facts, module.Facts("STATEMENT", string(r.doc), "DIGEST", r.digest, "PROOF", "/api/v1/proof/bundles/"+full)...)
	return module.Description{
		Name: r.Name + "@" + strconv.FormatInt(r.Vintage, 10), Kind: r.kind, Page: s.pageOf(r), Facts: facts,
	}, nil
}

// pageOf returns the address of the page that shows what a statement is about, "" when
// its module has none.
func (s *Service) pageOf(r row) string {
	for _, src := range s.sources {
		if src.Page != nil && slices.Contains(src.Kinds, statement.Kind(r.kind)) {
			return src.Page(r.Name)
		}
	}
	return ""
}
