package indicators

import (
	"errors"

	"yuzhou/modules/indicators/sdmx"
)

// errEnough ends a walk early.
var errEnough = errors.New("enough observations")

// pager writes series to a message: it skips the observations before a page,
// ends with errEnough after it, and begins a dataset with its first series.
type pager struct {
	out     *sdmx.Writer
	skip    int // observations still to be skipped
	limit   int // observations to write; 0: all
	written int
	set     sdmx.Dataset
	begun   bool
}

// open says which dataset the next series are of.
func (p *pager) open(d sdmx.Dataset) { p.set, p.begun = d, false }

func (p *pager) put(series sdmx.Series) error {
	cut := min(p.skip, len(series.Obs))
	p.skip -= cut
	series.Obs = series.Obs[cut:]
	if p.limit > 0 {
		series.Obs = series.Obs[:min(len(series.Obs), p.limit-p.written)]
	}
	if len(series.Obs) == 0 {
		return nil
	}
	if !p.begun {
		p.begun = true
		if err := p.out.Begin(p.set); err != nil {
			return err
		}
	}
	p.written += len(series.Obs)
	if err := p.out.Series(series); err != nil {
		return err
	}
	if p.limit > 0 && p.written >= p.limit {
		return errEnough
	}
	return nil
}
