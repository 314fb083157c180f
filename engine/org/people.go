package org

import (
	"context"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"yuzhou/kernel/actor"
	"yuzhou/kernel/fault"
	"yuzhou/kernel/pack"
	"yuzhou/kernel/store"
)

// Person is somebody who holds a post or can sign in.
type Person struct {
	pack.Text
	ID        string        `json:"id"`
	Note      string        `json:"note,omitempty"`
	Login     string        `json:"login,omitempty" doc:"empty: cannot sign in"`
	Locked    bool          `json:"locked"`
	Temporary bool          `json:"temporary" doc:"has not yet chosen a password"`
	Posts     []string      `json:"posts,omitempty"`
	Grants    []PersonGrant `json:"grants,omitempty"`
}

// PersonGrant is a grant in force, with its id to revoke it by.
type PersonGrant struct {
	actor.Grant
	ID    string `json:"id"`
	Since string `json:"since" doc:"RFC 3339"`
	By    string `json:"by" doc:"id of the person who gave it"`
}

// NewPerson is a person to add, or an existing one to let sign in.
type NewPerson struct {
	Login  string `json:"login" doc:"2 to 32 of a-z 0-9 . _ -"`
	ZH     string `json:"zh,omitempty" doc:"name; not needed with person"`
	EN     string `json:"en,omitempty"`
	Person string `json:"person,omitempty" doc:"id of a person who is known already"`
}

var loginForm = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{1,31}$`)

// EnsureOwner makes the first person who can administer the city, unless there
// is one. It returns the name to sign in with and, only when created, the
// password, which is nowhere else.
//
//nolint:revive // four results: the password is there only when created says so
func (s *Service) EnsureOwner(ctx context.Context) (user, password string, created bool, err error) {
	err = s.db.Read(ctx, func(tx store.Tx) error {
		user, err = firstOwner(ctx, tx, s.site.Unit)
		return err
	})
	if err != nil || user != "" {
		return user, "", false, err
	}
	password = readablePassword()
	hash, err := s.hash(ctx, password)
	if err != nil {
		return "", "", false, err
	}
	ctx = actor.With(ctx, actor.System(s.site.Unit))
	err = s.write(ctx, func(tx store.Tx) error {
		if user, err = freeLogin(ctx, tx, "owner"); err != nil {
			return err
		}
		id := store.NewID(s.now())
		p := NewPerson{Login: user, ZH: "系统所有者", EN: "Owner", Person: id}
		if err := s.insertAccount(ctx, tx, p, hash); err != nil {
			return err
		}
		return s.addGrant(ctx, tx, id, actor.Grant{Role: actor.Owner, Unit: s.site.Unit})
	})
	return user, password, err == nil, err
}

// freeLogin returns the name, or the first of name-2, name-3 … that nobody has.
func freeLogin(ctx context.Context, tx store.Tx, name string) (string, error) {
	for n := 1; ; n++ {
		login := name
		if n > 1 {
			login += "-" + strconv.Itoa(n)
		}
		acc, err := accountOf(ctx, tx, login)
		if err != nil || acc.person == "" {
			return login, err
		}
	}
}

// insertAccount writes a person (a new one when p.Person is not known) and the
// account, with a temporary password.
func (s *Service) insertAccount(ctx context.Context, tx store.Tx, p NewPerson, hash string) error {
	known, err := personExists(ctx, tx, p.Person)
	if err != nil {
		return err
	}
	if !known {
		if err := insertPerson(ctx, tx, p.Person, pack.Text{ZH: p.ZH, EN: p.EN}); err != nil {
			return err
		}
	}
	if err := insertAccount(ctx, tx, account{person: p.Person, login: p.Login, password: hash}, s.now()); err != nil {
		if fault.KindOf(err) == fault.Conflict {
			return s.refuse(conflict, "person.taken", p.Login)
		}
		return err
	}
	return s.Audit(ctx, tx, "org.person.add", p.Person, p.Login)
}

// addPerson lets somebody sign in and returns the person and a password to hand
// over; the person is asked to change it.
func (s *Service) addPerson(ctx context.Context, p NewPerson) (id, password string, err error) {
	p.Login = strings.ToLower(strings.TrimSpace(p.Login))
	p.ZH, p.EN, p.Person = strings.TrimSpace(p.ZH), strings.TrimSpace(p.EN), strings.TrimSpace(p.Person)
	switch {
	case !loginForm.MatchString(p.Login):
		return "", "", s.refuse(invalid, "person.login", p.Login)
	case p.Person == "" && (p.ZH == "" || len(p.ZH) > 200 || len(p.EN) > 200):
		return "", "", s.refuse(invalid, "person.name")
	}
	if p.Person != "" {
		if _, err := s.person(ctx, p.Person); err != nil {
			return "", "", err
		}
	} else {
		p.Person = store.NewID(s.now())
	}
	password = readablePassword()
	hash, err := s.hash(ctx, password)
	if err != nil {
		return "", "", err
	}
	err = s.write(ctx, func(tx store.Tx) error { return s.insertAccount(ctx, tx, p, hash) })
	return p.Person, password, err
}

// people lists everybody, by name; text narrows to names, logins and ids that
// have it in them.
func (s *Service) people(ctx context.Context, text string) (out []Person, err error) {
	err = s.db.Read(ctx, func(tx store.Tx) error {
		out, err = personRows(ctx, tx, "")
		return err
	})
	text = strings.ToLower(strings.TrimSpace(text))
	return slices.DeleteFunc(out, func(p Person) bool {
		return !strings.Contains(strings.ToLower(p.ID+"\n"+p.ZH+"\n"+p.EN+"\n"+p.Login), text)
	}), err
}

// Named returns what a person is called.
//
// Errors: fault.NotFound when there is no such person.
func (s *Service) Named(ctx context.Context, person string) (pack.Text, error) {
	p, err := s.person(ctx, person)
	return p.Text, err
}

// person returns one person, or fault.NotFound.
func (s *Service) person(ctx context.Context, id string) (Person, error) {
	if id == "" {
		return Person{}, s.refuse(notFound, "person.unknown", id) // to the store an empty id means all
	}
	var out []Person
	err := s.db.Read(ctx, func(tx store.Tx) (err error) {
		out, err = personRows(ctx, tx, id)
		return err
	})
	if err == nil && len(out) == 0 {
		return Person{}, s.refuse(notFound, "person.unknown", id)
	}
	if err != nil {
		return Person{}, err
	}
	return out[0], nil
}

// managed returns a person whom the actor may manage: everybody whose every
// grant the actor may administer. Else an owner of a part could take over the
// account of an owner of the whole.
func (s *Service) managed(ctx context.Context, id string) (Person, error) {
	p, err := s.person(ctx, id)
	if err != nil {
		return p, err
	}
	for _, g := range p.Grants {
		if err := s.Decide(ctx, actor.Of(ctx), actor.Administer, g.Unit); err != nil {
			return p, err
		}
	}
	return p, nil
}

// grant gives a person a role over a unit and what is below it.
func (s *Service) grant(ctx context.Context, person string, g actor.Grant) error {
	if !slices.Contains(actor.Roles()[1:], g.Role) {
		return s.refuse(invalid, "grant.role", string(g.Role))
	}
	if _, err := s.Unit(ctx, g.Unit); err != nil {
		return err
	}
	if err := s.Decide(ctx, actor.Of(ctx), actor.Administer, g.Unit); err != nil {
		return err
	}
	p, err := s.managed(ctx, person)
	if err != nil {
		return err
	}
	for _, has := range p.Grants {
		if has.Grant == g {
			return s.refuse(conflict, "grant.has", string(g.Role), g.Unit)
		}
	}
	return s.write(ctx, func(tx store.Tx) error { return s.addGrant(ctx, tx, person, g) })
}

func (s *Service) addGrant(ctx context.Context, tx store.Tx, person string, g actor.Grant) error {
	made := PersonGrant{Grant: g, ID: store.NewID(s.now()), By: whoIs(ctx).ID}
	if err := insertGrant(ctx, tx, person, made, s.now()); err != nil {
		return err
	}
	return s.Audit(ctx, tx, "org.grant.add", person, string(g.Role)+" over "+g.Unit)
}

// revoke ends a grant.
func (s *Service) revoke(ctx context.Context, person, id string) error {
	p, err := s.managed(ctx, person)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(p.Grants, func(g PersonGrant) bool { return g.ID == id })
	if i < 0 {
		return s.refuse(notFound, "grant.unknown", id)
	}
	return s.write(ctx, func(tx store.Tx) error {
		if err := endGrant(ctx, tx, person, id, s.now()); err != nil {
			return err
		}
		if err := s.keepOwner(ctx, tx); err != nil {
			return err
		}
		return s.Audit(ctx, tx, "org.grant.end", person, string(p.Grants[i].Role)+" over "+p.Grants[i].Unit)
	})
}

// keepOwner refuses a change after which nobody could administer the city.
func (s *Service) keepOwner(ctx context.Context, tx store.Tx) error {
	if err := lockOwners(ctx, tx); err != nil {
		return err
	}
	left, err := firstOwner(ctx, tx, s.site.Unit)
	if err == nil && left == "" {
		return s.refuse(conflict, "person.last")
	}
	return err
}

// setPost lets a person hold a post, and no other; an empty post means none.
func (s *Service) setPost(ctx context.Context, person, post string) error {
	if _, err := s.managed(ctx, person); err != nil {
		return err
	}
	today := s.day(s.now())
	return s.write(ctx, func(tx store.Tx) error {
		known, err := postExists(ctx, tx, post)
		if err != nil {
			return err
		}
		if post != "" && !known {
			return s.refuse(notFound, "post.unknown", post)
		}
		held, err := holdings(ctx, tx, person, "")
		if err != nil {
			return err
		}
		if err := exchange(ctx, tx, held, holding{person, post, "here"}, today); err != nil {
			return err
		}
		return s.Audit(ctx, tx, "org.person.post", person, strings.Join(held, ", ")+" → "+post)
	})
}

// exchange ends what a person holds but for the new post, and begins that one.
func exchange(ctx context.Context, tx store.Tx, held []string, h holding, today string) error {
	for _, post := range held {
		if post == h.post {
			continue
		}
		if err := release(ctx, tx, holding{h.person, post, h.origin}, today); err != nil {
			return err
		}
	}
	if h.post == "" || slices.Contains(held, h.post) {
		return nil
	}
	return hold(ctx, tx, h, today)
}

// resetPassword gives a person a new temporary password and ends all sessions.
func (s *Service) resetPassword(ctx context.Context, person string) (password string, err error) {
	p, err := s.managed(ctx, person)
	if err != nil {
		return "", err
	}
	if p.Login == "" {
		return "", s.refuse(conflict, "person.noaccount", person)
	}
	password = readablePassword()
	hash, err := s.hash(ctx, password)
	if err != nil {
		return "", err
	}
	return password, s.write(ctx, func(tx store.Tx) error {
		return s.replacePassword(ctx, tx, account{person: person, login: p.Login, password: hash, temporary: true}, "org.password.reset")
	})
}

func (s *Service) replacePassword(ctx context.Context, tx store.Tx, acc account, action string) error {
	if err := updatePassword(ctx, tx, acc); err != nil {
		return err
	}
	if err := clearAttempts(ctx, tx, digest(acc.login)); err != nil {
		return err
	}
	if err := endSession(ctx, tx, acc.person, ""); err != nil {
		return err
	}
	return s.Audit(ctx, tx, action, acc.person, "")
}

// changePassword lets the actor choose a password. Every session ends.
func (s *Service) changePassword(ctx context.Context, old, chosen string) error {
	p, err := s.person(ctx, actor.Of(ctx).ID)
	if err != nil {
		return err
	}
	if err := s.checkPassword(p.Login, chosen); err != nil {
		return err
	}
	if _, err := s.reserve(ctx, p.Login); err != nil {
		return err
	}
	acc, err := s.account(ctx, p.Login)
	if err != nil {
		return err
	}
	ok, err := s.verify(ctx, acc.password, old)
	if err != nil {
		return err
	}
	if !ok {
		return s.refuse(forbidden, "password.old")
	}
	acc.temporary = false
	if acc.password, err = s.hash(ctx, chosen); err != nil {
		return err
	}
	return s.write(ctx, func(tx store.Tx) error {
		return s.replacePassword(ctx, tx, acc, "org.password.change")
	})
}

// lock keeps a person from signing in and ends all sessions.
func (s *Service) lock(ctx context.Context, person string) error {
	if _, err := s.managed(ctx, person); err != nil {
		return err
	}
	return s.write(ctx, func(tx store.Tx) error {
		if err := setLocked(ctx, tx, person, 1); err != nil {
			return err
		}
		if err := s.keepOwner(ctx, tx); err != nil {
			return err
		}
		if err := endSession(ctx, tx, person, ""); err != nil {
			return err
		}
		return s.Audit(ctx, tx, "org.account.lock", person, "")
	})
}

// unlock lets a person sign in again, wrong passwords forgotten.
func (s *Service) unlock(ctx context.Context, person string) error {
	p, err := s.managed(ctx, person)
	if err != nil {
		return err
	}
	return s.write(ctx, func(tx store.Tx) error {
		if err := setLocked(ctx, tx, person, 0); err != nil {
			return err
		}
		if err := clearAttempts(ctx, tx, digest(p.Login)); err != nil {
			return err
		}
		return s.Audit(ctx, tx, "org.account.unlock", person, "")
	})
}
