package gs1

import "yuzhou/modules/identifiers/gs1/linkset"

// WellKnown is the path of a resolver's description of itself, below its host.
const WellKnown = "/.well-known/gs1resolver"

// Description is what a resolver says of itself. Source: Resolver 3 and its schema.
type Description struct {
	Name         string `json:"name,omitempty"`
	ResolverRoot string `json:"resolverRoot"` // as "https://id.example.cn"; identities follow it
	// SupportedPrimaryKeys are codes, or "all".
	SupportedPrimaryKeys        []string    `json:"supportedPrimaryKeys"`
	SupportedLinkType           []Namespace `json:"supportedLinkType,omitempty"`
	LinkTypeDefaultCanBeLinkset bool        `json:"linkTypeDefaultCanBeLinkset"`
	// SupportedContextValuesEnumerated are the values of context that mean something.
	SupportedContextValuesEnumerated []string `json:"supportedContextValuesEnumerated,omitempty"`
	// JSONLDContextLocation is where the JSON-LD context of its sets of links is.
	JSONLDContextLocation string   `json:"jsonLdContextLocation,omitempty"`
	Contact               *Contact `json:"contact,omitempty"`
	TermsOfUse            string   `json:"termsOfUse,omitempty"`
}

// Namespace is where types of links come from.
type Namespace struct {
	Namespace string `json:"namespace"`
	Prefix    string `json:"prefix"` // with the colon, as "gs1:"
}

// Contact says who runs a resolver (vCard).
type Contact struct {
	Name      string   `json:"fn"`
	Address   *Address `json:"hasAddress,omitempty"`
	Telephone string   `json:"hasTelephone,omitempty"` // as "tel:+86-10-00000000"
}

// Address is where a resolver is run.
type Address struct {
	Street     string `json:"streetAddress,omitempty"`
	Locality   string `json:"locality,omitempty"`
	Region     string `json:"region,omitempty"`
	Country    string `json:"country-name,omitempty"`
	PostalCode string `json:"postal-code,omitempty"`
}

// Describe returns the description of a resolver that answers as this package does: for
// all keys with all their qualifiers. The caller adds contact and context values.
func Describe(name, root string) Description {
	return Description{
		Name: name, ResolverRoot: root,
		SupportedPrimaryKeys:  PrimaryKeys(),
		SupportedLinkType:     []Namespace{{Namespace: linkset.Vocabulary, Prefix: "gs1:"}},
		JSONLDContextLocation: linkset.JSONLDContext,
	}
}
