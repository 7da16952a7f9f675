// Package crm is an account of a CRM as accord sees it: what it reports of
// itself (facts), what is set up in it (assets: users, properties, pipelines,
// lists, forms, emails, subscription types), its records, and the feed of what
// changes in it.
//
// Reading and writing are two interfaces, so that what holds only a Reader
// cannot write: plan, drift and mirroring do not compile otherwise. Package crm
// knows no vendor; embedded, hubspot and brevo implement it and pass crmtest.
// It knows nothing of plans, workflows or YAML.
package crm

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"

	"accord/schema"
)

// What an account says. Match with errors.Is; more is in the typed errors
// below.
var (
	// ErrNotFound: there is no such record, asset or object.
	ErrNotFound = errors.New("not found")
	// ErrUnsupported: the vendor's API cannot do this; see Capabilities.
	ErrUnsupported = errors.New("not supported by this account")
	// ErrRefused: the account refused the credentials.
	ErrRefused = errors.New("the account refused the credentials")
)

// ExistsError refuses to create what is there: an asset with the same natural
// key, or a record with the same value of a unique property.
type ExistsError struct {
	What string // what would be there twice, such as `contact jane@example.com`
	ID   string // the vendor's id of the one that is there
}

func (e *ExistsError) Error() string { return fmt.Sprintf("%s exists already (id %s)", e.What, e.ID) }

// InvalidError refuses what the account cannot take, such as a value that is no
// option of its property.
type InvalidError struct {
	Property string // the property that is wrong, or ""
	Reason   string // in words, without the value where it may be personal
}

func (e *InvalidError) Error() string {
	if e.Property == "" {
		return e.Reason
	}
	return e.Property + ": " + e.Reason
}

// Asset is one thing that is set up in an account.
type Asset struct {
	Kind schema.Kind // User, Property, Pipeline, List, Form, Email or SubscriptionType
	ID   string      // the vendor's id; "" before it is created
	// Name is the name by which the language refers to it: of a property its
	// internal name, of anything else metadata.name. Vendors do not keep it, so
	// it is "" for what was not created by this configuration.
	Name string
	// Standard says that every account has it without a declaration; it can be
	// neither deleted nor created.
	Standard bool
	// Spec is what it says: of the type that belongs to Kind, without a
	// placement. Of a User it has the one access to this account, with Account
	// left empty.
	Spec schema.Spec
}

// AssetID names an asset in its account.
type AssetID struct {
	Kind schema.Kind
	ID   string // the vendor's
}

// Digest is the SHA-256 of what an asset says.
type Digest [sha256.Size]byte

// Canonical is what the asset says, without what an account does not keep: by
// which other name the language calls a property.
func (a *Asset) Canonical() schema.Spec {
	s := a.Spec.Canonical()
	if p, ok := s.(*schema.Property); ok {
		p.Name = a.Name
	}
	return s
}

// Digest is the same for two assets that say the same, whatever their id and
// their name.
func (a *Asset) Digest() Digest {
	out, err := json.Marshal(a.Canonical())
	if err != nil {
		panic("crm: an asset is not JSON: " + err.Error()) // a tree of strings, numbers and lists
	}
	return sha256.Sum256(out)
}

// Key is the natural key, unique in an account among the assets of a kind, by
// which one that was created before a crash is found again: of a user the email
// address, of a property object and internal name, of a pipeline object and
// label, of anything else the label. Case and space around it do not count.
func (a *Asset) Key() string {
	switch s := a.Spec.(type) {
	case *schema.User:
		return fold(s.Email)
	case *schema.Property:
		return fold(s.Object + "/" + s.InternalName(a.Name))
	case *schema.Pipeline:
		return fold(s.ObjectName() + "/" + s.Label)
	case *schema.List:
		return fold(s.Label)
	case *schema.Form:
		return fold(s.Label)
	case *schema.Email:
		return fold(s.Label)
	case *schema.SubscriptionType:
		return fold(s.Label)
	}
	return ""
}

// AssetKinds are the kinds of assets, in the order in which they are created.
var AssetKinds = []schema.Kind{
	schema.KindUser, schema.KindSubscriptionType, schema.KindProperty, schema.KindPipeline,
	schema.KindList, schema.KindForm, schema.KindEmail,
}

// Reader is the half of an account that cannot change it.
type Reader interface {
	// Capabilities says what the account can and cannot do.
	Capabilities() Capabilities
	// Facts reads what the account reports of itself. Of an embedded account
	// that was never created it is ErrNotFound.
	Facts(ctx context.Context) (schema.Facts, error)
	// Assets reads every asset of the kinds, standard ones included, in the order
	// of the kinds and sorted by Key within each. Their specs are shared between
	// callers and must not be changed.
	Assets(ctx context.Context, kinds ...schema.Kind) ([]Asset, error)
	// Digests returns in short what each asset says, of all kinds, so that who
	// knows what there should be need not read it. Standard assets that are as
	// every account has them are left out.
	Digests(ctx context.Context) (map[AssetID]Digest, error)

	RecordReader
}

// Writer is the half of an account that changes it.
type Writer interface {
	// CreateAsset creates an asset and returns its id. Where one with the same
	// Key is there it is an *ExistsError with that one's id and nothing changes.
	CreateAsset(ctx context.Context, a Asset) (id string, err error)
	// UpdateAsset makes the asset with a.ID say what a says, natural key
	// included. It is ErrNotFound where there is none, and an *ExistsError
	// where another has the new key.
	UpdateAsset(ctx context.Context, a Asset) error
	// DeleteAsset deletes an asset; one that is not there is ErrNotFound.
	DeleteAsset(ctx context.Context, kind schema.Kind, id string) error
	// SetFacts makes an embedded account report these facts, and creates it
	// where it does not exist. Elsewhere it is ErrUnsupported: facts belong to
	// the vendor.
	SetFacts(ctx context.Context, f schema.Facts) error

	RecordWriter
}

// Account is both halves.
type Account interface {
	Reader
	Writer
}

// Capabilities are the differences between vendors that a caller may act on.
type Capabilities struct {
	SetFacts bool // Writer.SetFacts works: the account is embedded
	Users    bool // users can be created, changed and deleted
	Changes  bool // there is a change feed, and it brings back the Cause of a write
	// UniqueDomain: no two companies have the same domain.
	UniqueDomain bool
	// MarketingContacts: PropertyMarketing can be written; elsewhere setting it
	// is ErrUnsupported.
	MarketingContacts bool
}
