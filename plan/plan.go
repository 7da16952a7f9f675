// Package plan computes what has to change to make the applied state, and the
// accounts behind it, match the declared configuration. A Plan is data: it can
// be saved, shown in any format, compared, and carried out by package apply.
//
// Making a plan touches nothing: it is given values and readers, renders
// nothing and writes nothing. It knows no YAML and no vendor.
package plan

import (
	"encoding/json"
	"time"

	"accord/diag"
	"accord/schema"
	"accord/state"
)

// FormatVersion is that of the plan's JSON. A reader takes any with the same
// major number.
const FormatVersion = "1.0"

// Plan is what has to change. Its JSON is the document that every renderer is
// fed with; where terraform's plan has a name for the same thing, it is used.
type Plan struct {
	FormatVersion string    `json:"format_version"`
	AccordVersion string    `json:"accord_version"`
	Timestamp     time.Time `json:"timestamp"`
	// Digest names the set of changes: two plans that would do the same have
	// the same one, on any machine and in any order of files.
	Digest    string `json:"digest"`
	Project   string `json:"project"`
	Workspace string `json:"workspace"`
	// Applyable: there is something to apply, and nothing that forbids it.
	Applyable bool `json:"applyable"`
	// Complete: everything was looked at; a plan with targets is not complete.
	Complete bool `json:"complete"`
	// Errored: a finding is an error, and nothing will be applied.
	Errored bool `json:"errored"`
	// Refreshed: the accounts' live facts and assets were read.
	Refreshed bool `json:"refreshed"`
	// Options are what was asked of the plan, so that it can be made again.
	Options
	// Base is the state that the plan was made against.
	Base state.Meta `json:"state"`
	// Config is the digest of the declared resources.
	Config string `json:"config_digest"`
	// Changes are in the order to run; each names those it needs.
	Changes []Change `json:"resource_changes"`
	// Unchanged are the resources that stay as they are, where Options.All asked
	// for them. They are shown and not saved.
	Unchanged []Change `json:"-"`
	// Drift is what differs live from what was applied, whoever is right.
	Drift        []Drift       `json:"resource_drift"`
	Consequences []Consequence `json:"consequences"`
	Diagnostics  diag.List     `json:"diagnostics"`
	Summary      Summary       `json:"summary"`
}

// Summary counts changes of resources.
type Summary struct {
	Add       int `json:"add"`
	Change    int `json:"change"`
	Remove    int `json:"remove"`
	Import    int `json:"import"` // resources whose objects exist in accounts already and are taken under management
	Forget    int `json:"forget"`
	Unchanged int `json:"unchanged"`
}

// Action is what happens to a resource.
type Action string

// The actions.
const (
	Create  Action = "create"
	Update  Action = "update"
	Delete  Action = "delete"
	Replace Action = "replace" // delete, then create
	NoOp    Action = "no-op"
	Forget  Action = "forget" // leave it in the account, and no longer manage it
)

// Reason says why, for readers; nothing acts on it.
type Reason string

// The reasons.
const (
	NotApplied      Reason = "not_applied_yet"
	ConfigChanged   Reason = "configuration_changed"
	NotDeclared     Reason = "not_declared_any_more"
	Renamed         Reason = "renamed"
	PlacementChange Reason = "placement_changed" // a selector means other accounts
	DriftFound      Reason = "drift_found"       // live differs from what was applied
	CannotUpdate    Reason = "cannot_update"     // a field changed that cannot be changed in place
	Destroying      Reason = "destroy"
	TypeChanged     Reason = "previous_not_compatible"
)

// Change is what happens to one resource.
type Change struct {
	Action   Action
	Ref      schema.Ref
	Previous schema.Ref // the address before a rename; zero: the same
	// Before and After are canonical forms; nil: not there.
	Before, After json.RawMessage
	Fields        []Field       // what differs
	ReplacePaths  []schema.Path // the fields that make it a replacement
	Reason        Reason
	Range         Range    // where it is declared; zero for what is not
	Effects       []Effect // what is done in accounts, in this order
	// Needs are the changes that come first.
	Needs []schema.Ref
	// Accounts are those that the resource will be placed in.
	Accounts []string
	// IDs are the vendor's ids of what is there already and stays.
	IDs map[string]string
	// Implied are likewise those of assets with no resource of their own.
	Implied map[string]map[string]string
}

// Field is one difference inside a resource or an asset.
type Field struct {
	Path   schema.Path `json:"path"`
	Op     Op          `json:"op"`
	Before any         `json:"before,omitempty"`
	After  any         `json:"after,omitempty"`
}

// Op is what happens to a field.
type Op string

// The operations on fields.
const (
	AddField     Op = "add"
	RemoveField  Op = "remove"
	ReplaceField Op = "replace"
)

// EffectAction is what is done to one object in an account.
type EffectAction string

// The effects.
const (
	CreateAsset EffectAction = "create"
	UpdateAsset EffectAction = "update"
	DeleteAsset EffectAction = "delete"
	AdoptAsset  EffectAction = "adopt" // it is there already: take it under management, and update it where Fields differ
	WriteFacts  EffectAction = "facts" // an embedded account reports these facts from then on
)

// Effect is one thing that is done in an account.
type Effect struct {
	Account string       `json:"account"`
	Action  EffectAction `json:"action"`
	Kind    schema.Kind  `json:"kind"`          // of the asset; Account for facts
	Name    string       `json:"name"`          // as the language calls it
	Key     string       `json:"key,omitempty"` // natural key, by which it is found again
	ID      string       `json:"id,omitempty"`  // the vendor's, where it is there
	// Implied: no resource declares it; another one needs it.
	Implied bool `json:"implied,omitempty"`
	// Before and After are what the asset says, as the JSON of its spec.
	Before json.RawMessage `json:"before,omitempty"`
	After  json.RawMessage `json:"after,omitempty"`
	Fields []Field         `json:"fields,omitempty"`
}

// Range is where a resource is declared.
type Range struct {
	File  string `json:"filename"`
	Start Point  `json:"start"`
	End   Point  `json:"end"`
}

// Point is a place in a file.
type Point struct {
	Line   int `json:"line"`
	Column int `json:"column"`
}

// Drift is a difference between what was applied and what is live.
type Drift struct {
	Ref     schema.Ref  `json:"address"`
	Account string      `json:"account"`
	Kind    schema.Kind `json:"kind"` // of the asset; Account for facts
	Name    string      `json:"name"`
	// What is missing (deleted in the account), changed, or facts.
	What   DriftKind `json:"what"`
	Fields []Field   `json:"fields"` // before: applied, after: live
	// Conflict: the declaration differs from what was applied too.
	Conflict bool `json:"conflict"`
	// Restores says whether the plan puts it back; facts belong to the vendor.
	Restores bool `json:"restores"`
}

// DriftKind says in which way live differs.
type DriftKind string

// The kinds of drift.
const (
	DriftMissing DriftKind = "missing"
	DriftChanged DriftKind = "changed"
	DriftFacts   DriftKind = "facts"
)

// Consequence is what the product does by itself, or what follows for people's
// data, because of this plan or of live facts.
type Consequence struct {
	Rule    string     `json:"rule"`
	Ref     schema.Ref `json:"address"`
	Account string     `json:"account,omitempty"`
	Message string     `json:"message"`
}

// HasChanges reports whether anything differs: a change to apply, drift of
// facts that a declaration has to follow, or a consequence of it.
func (p *Plan) HasChanges() bool { return len(p.Changes) > 0 || len(p.Drift) > 0 }
