package changefeed

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"yuzhou/kernel/fault"
)

// place is how far a follower is at its origin.
type place struct {
	Origin  string `json:"origin"`
	After   string `json:"after,omitempty"` // of the dump: the name it has come to
	Whole   bool   `json:"whole"`           // the dump is done
	Ready   bool   `json:"ready"`           // it was level once since
	Applied uint64 `json:"applied"`         // the newest change that is here
	At      int64  `json:"at"`              // its instant, µs since 1970; 0: not known
	Place   uint64 `json:"place"`           // of the newest message in the log
}

func (p place) at() time.Time {
	if p.At == 0 {
		return time.Time{}
	}
	return time.UnixMicro(p.At).UTC()
}

// Load reads how far it is. Call it before Run.
func (f *Follower) Load() error {
	b, err := os.ReadFile(f.File)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	f.applying.Lock()
	defer f.applying.Unlock()
	if err := json.Unmarshal(b, &f.place); err != nil {
		return &fault.Fault{Kind: fault.Invalid, Text: f.File + " does not say how far the follower is; remove its folder and it begins anew", Err: err}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.status = Status{Origin: f.place.Origin, Ready: f.place.Ready, Applied: f.place.Applied, Head: f.place.Applied, At: f.place.at()}
	return nil
}

// often is how often the place is written down; what is lost of it comes again.
const often = time.Second

// save writes down how far it is: now, or when it is time to.
func (f *Follower) save(now bool) error { //nolint:revive // a flag is what it is about
	f.applying.Lock()
	defer f.applying.Unlock()
	at := f.Now()
	if f.place.Origin == "" || !now && at.Sub(f.saved) < often {
		return nil
	}
	b, err := json.Marshal(f.place)
	if err != nil {
		return err
	}
	f.saved = at
	return Replace(f.File, b)
}

// Replace writes a file so that after a crash it has the old content or the new one.
func Replace(path string, content []byte) error {
	tmp, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	_, err = tmp.Write(content)
	err = errors.Join(err, tmp.Sync(), tmp.Close())
	if err == nil {
		err = os.Rename(tmp.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(tmp.Name()))
	}
	return nil
}
