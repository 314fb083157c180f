// Package actor says who asks and what that lets them do.
//
// What must hold: a permission comes only from a grant, a grant reaches only
// its unit and the units below, and everybody may read what is published.
package actor

import (
	"context"
	"slices"
)

// Role is what a person is to the plan. Source: the list of roles; the
// separation of three administrators comes with the workspace.
type Role string

// The roles.
const (
	Public  Role = "public"  // anyone, signed in or not
	Clerk   Role = "clerk"   // fills in numbers for a unit
	Steward Role = "steward" // keeps definitions and checks numbers
	Leader  Role = "leader"  // answers for targets, accepts plan versions
	Owner   Role = "owner"   // runs the installation
)

// Roles lists them from the least to the most, for forms and tests.
func Roles() []Role { return []Role{Public, Clerk, Steward, Leader, Owner} }

// Permission is what a route asks for.
type Permission string

// The permissions.
const (
	Read       Permission = "read"       // see what is published
	Visit      Permission = "visit"      // have a place of one's own: any signed-in person
	Submit     Permission = "submit"     // hand in observations
	Curate     Permission = "curate"     // change definitions, rules, sources
	Decide     Permission = "decide"     // accept plan versions and paths
	Administer Permission = "administer" // people, grants, settings
)

// permits lists which roles have each permission.
func permits(p Permission) []Role {
	switch p {
	case Read:
		return Roles()
	case Visit:
		return []Role{Clerk, Steward, Leader, Owner}
	case Submit:
		return []Role{Clerk, Steward, Owner}
	case Curate:
		return []Role{Steward, Owner}
	case Decide:
		return []Role{Leader, Owner}
	case Administer:
		return []Role{Owner}
	}
	return nil
}

// Has reports whether the role carries the permission.
func (r Role) Has(p Permission) bool { return slices.Contains(permits(p), r) }

// Grant gives a role over a unit and everything below it.
type Grant struct {
	Role Role   `json:"role"`
	Unit string `json:"unit"`
}

// Actor is who asks: a person, the program itself, or nobody in particular.
type Actor struct {
	ID     string // person's id; empty for an anonymous visitor
	Name   string
	Grants []Grant
	Posts  []string // ids of the posts held today
}

// System is the program acting for whoever runs it on the command line.
func System(unit string) Actor {
	return Actor{ID: "system", Name: "system", Grants: []Grant{{Owner, unit}}}
}

// May reports whether the actor has the permission over unit; within says
// whether a unit is below (or is) another. An empty unit asks for the
// permission anywhere.
func (a Actor) May(p Permission, unit string, within func(unit, top string) bool) bool {
	if Public.Has(p) {
		return true
	}
	for _, g := range a.Grants {
		if g.Role.Has(p) && (unit == "" || g.Unit == unit || within(unit, g.Unit)) {
			return true
		}
	}
	return false
}

// Known reports whether the actor has signed in.
func (a Actor) Known() bool { return a.ID != "" }

type key struct{}

// With returns a context that carries the actor of a request.
func With(ctx context.Context, a Actor) context.Context { return context.WithValue(ctx, key{}, a) }

// Of returns the actor of a request, or the anonymous visitor.
func Of(ctx context.Context) Actor {
	a, _ := ctx.Value(key{}).(Actor)
	return a
}
