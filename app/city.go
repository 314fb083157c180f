package app

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"time"

	"yuzhou/engine/org"
	"yuzhou/engine/proof"
	"yuzhou/kernel/blob"
	"yuzhou/kernel/chart"
	"yuzhou/kernel/event"
	"yuzhou/kernel/fault"
	"yuzhou/kernel/module"
	"yuzhou/kernel/pack"
	"yuzhou/kernel/store"
	"yuzhou/kernel/web"
)

// city is an opened installation: database, people and modules.
type city struct {
	db      *store.DB
	who     *org.Service
	proof   *proof.Service
	modules []module.Module // org and proof first
	router  *web.Router
	log     *slog.Logger
	now     func() time.Time
	site    web.Site
	clock   *demoClock // of a demonstration; nil in a city of people
}

// open opens the database that c names, brings it up to date and loads the pack
// when it is new. Close the city.
func (p Product) open(ctx context.Context, c config, log *slog.Logger) (*city, error) {
	db, err := openStore(ctx, c)
	if err != nil {
		return nil, err
	}
	ct := &city{db: db, log: log, now: time.Now}
	if err := p.assemble(ctx, c, ct); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return ct, nil
}

func openStore(ctx context.Context, c config) (*store.DB, error) {
	if c.Database != "" {
		return store.Open(ctx, c.Database)
	}
	if err := os.MkdirAll(c.Data, 0o700); err != nil {
		return nil, &fault.Fault{Kind: fault.Invalid, Text: "data directory " + c.Data + " cannot be made", Err: err}
	}
	return store.Open(ctx, filepath.Join(c.Data, "yuzhou.db"))
}

func (p Product) assemble(ctx context.Context, c config, ct *city) error {
	was, _, err := pack.Current(ctx, ct.db)
	if err != nil {
		return err
	}
	pk, load, err := p.choose(c, was)
	if err != nil {
		return err
	}
	manifest := was.Manifest
	if load {
		manifest = pk.Manifest
	}
	if err := ct.stand(c, manifest); err != nil {
		return err
	}
	host := module.Host{
		DB: ct.db, Log: ct.log, Now: ct.now, Events: &event.Bus{}, Charts: chart.New(), Blobs: blob.Files{Dir: filepath.Join(c.Data, "blobs")},
		Site: ct.site, Dir: c.Data, Setting: c.of,
	}
	ct.who = org.New(host)
	evidence, err := c.evidence(ct.log)
	if err != nil {
		return err
	}
	ct.proof = proof.New(host, ct.who, evidence)
	ct.modules = append([]module.Module{ct.who.Module(), ct.proof.Module()}, p.Modules(host, ct.who, ct.proof)...)
	if err := ct.migrate(ctx); err != nil {
		return err
	}
	if load {
		if _, err := c.sealing(); err != nil { // made with the data, while there is room for it
			return err
		}
		if err := pk.Store(ctx, ct.db, ct.now(), loads(pk, ct.modules)); err != nil {
			return err
		}
	}
	ct.router = web.NewRouter(ct.site, ct.log, ct.who.Decide)
	ct.router.KeepPages(ct.db.Generation)
	for _, m := range ct.modules {
		if m.Routes != nil {
			m.Routes(ct.router)
		}
	}
	return nil
}

// migrate brings the modules' tables up to date.
func (ct *city) migrate(ctx context.Context) error {
	for _, m := range ct.modules {
		if m.Migrations == nil {
			continue
		}
		if err := ct.db.Migrate(ctx, m.Name, m.Migrations); err != nil {
			return err
		}
	}
	return nil
}

// stand says where and when the city is: a demonstration has a time of its own.
func (ct *city) stand(c config, m pack.Manifest) (err error) {
	if m.Demo() {
		if ct.clock, err = openClock(c.Data, m.Clock); err != nil {
			return err
		}
		ct.now = ct.clock.now
	}
	ct.site, err = siteOf(m, ct.now)
	return err
}

// choose says which pack to load: the one named, else the product's own unless
// the database holds another city's; none when nothing has changed.
func (p Product) choose(c config, was pack.Loaded) (*pack.Pack, bool, error) {
	files := p.Pack
	if c.Pack != "" {
		var err error
		if files, err = dir(c.Pack); err != nil {
			return nil, false, err
		}
	}
	pk := pack.Open(files)
	other := was.Digest != "" && was.Manifest.ID != pk.Manifest.ID
	if other && c.Pack == "" {
		return nil, false, nil
	}
	if other {
		return nil, false, fault.New(fault.Conflict, "the data are of pack %q; pack %q needs a data directory of its own (--data)",
			was.Manifest.ID, pk.Manifest.ID)
	}
	digest, err := pk.Digest()
	if err != nil {
		return nil, false, err
	}
	return pk, digest != was.Digest, nil
}

// dir opens a pack's directory, which must be there.
func dir(path string) (fs.FS, error) {
	if info, err := os.Stat(path); err != nil || !info.IsDir() {
		return nil, fault.New(fault.Invalid, "pack %q is not a directory", path)
	}
	return os.DirFS(path), nil
}

// loads reads the modules' parts of a pack; what is wrong is in its findings.
func loads(pk *pack.Pack, modules []module.Module) []pack.Load {
	var out []pack.Load
	for _, m := range modules {
		if m.Pack == nil {
			continue
		}
		if load := m.Pack(pk); load != nil {
			out = append(out, load)
		}
	}
	return out
}

func siteOf(m pack.Manifest, now func() time.Time) (web.Site, error) {
	at, err := time.Parse("-07:00", m.Zone)
	if err != nil {
		return web.Site{}, fault.New(fault.Invalid, "pack.yaml: zone %q is not an offset such as +08:00", m.Zone)
	}
	_, offset := at.Zone()
	return web.Site{
		Name: m.Text, Unit: m.Unit, Prefix: m.Prefix, Version: Version, Now: now, Demo: m.Demo(),
		Zone: time.FixedZone(m.Zone, offset),
	}, nil
}

// close ends the modules, the last first, and then the database.
func (ct *city) close(ctx context.Context) error {
	// What the program was told to stop by must not keep it from ending in order.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
	defer cancel()
	var errs []error
	for _, m := range slices.Backward(ct.modules) {
		if m.Close != nil {
			errs = append(errs, m.Close(ctx))
		}
	}
	return errors.Join(errors.Join(errs...), ct.clock.save(), ct.db.Close())
}
