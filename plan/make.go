package plan

import (
	"fmt"
	"reflect"
	"slices"
	"time"

	"accord/crm"
	"accord/diag"
	"accord/schema"
	"accord/schema/check"
	"accord/state"
)

// Input is what a plan is made from. All of it is values: the same input makes
// the same plan.
type Input struct {
	// Declared is the configuration. With Options.Destroy only the team's own
	// rules on changes count of it, and nil is none.
	Declared *schema.Graph
	// Applied is the state.
	Applied *state.Snapshot
	// Live is what was read from the accounts, by their declared names; nil:
	// nothing was, and the accounts count as they were applied.
	Live map[string]*Live
	// Diagnostics are the findings of the loader and of the rules.
	Diagnostics diag.List
	// Locate finds the fields of resources for findings of plan itself; nil
	// leaves them without a position.
	Locate check.Locator
	// Config is the digest of the declared resources.
	Config    string
	Workspace string
	Version   string
	Now       time.Time
	Options   Options
}

// Options are what a user asks of a plan.
type Options struct {
	Destroy  bool     `json:"destroy,omitempty"`   // remove everything
	NoDelete bool     `json:"no_delete,omitempty"` // leave out deletions
	Targets  []string `json:"targets,omitempty"`   // address globs: only these, and what they need
	Excludes []string `json:"excludes,omitempty"`  // address globs: not these, nor what needs them
	// Through is the account whose right to change the organization is used;
	// "": the primary.
	Through string `json:"through,omitempty"`
	// All lists in Plan.Unchanged what stays as it is.
	All bool `json:"-"`
}

// Make computes the plan. Its only errors are a state that cannot be read and
// targets or excludes that are no addresses, or of nothing there is; what is
// wrong with the configuration is in the plan.
func Make(in Input) (*Plan, error) {
	m := &maker{Input: in, team: in.Declared}
	if in.Options.Destroy {
		empty, _ := schema.NewConfig(nil)
		m.Declared, m.Diagnostics = schema.Resolve(empty), nil
	}
	p := &Plan{
		FormatVersion: FormatVersion, AccordVersion: in.Version, Timestamp: in.Now.UTC().Truncate(time.Second),
		Project: projectName(m.team), Workspace: in.Workspace, Complete: true, Refreshed: in.Live != nil,
		Options: in.Options, Base: in.Applied.Meta, Config: in.Config,
		Changes: []Change{}, Drift: []Drift{}, Consequences: []Consequence{},
		Diagnostics: append(diag.List{}, m.Diagnostics...),
	}
	if p.Diagnostics.HasErrors() {
		p.Errored = true
		p.Digest = p.digest()
		return p, nil
	}
	if err := m.applied(); err != nil {
		return nil, err
	}
	m.compare()
	p.Changes, p.Drift = orEmpty(m.order()), append(p.Drift, m.drift...)
	if err := m.restrict(p); err != nil {
		return nil, err
	}
	m.once(p)
	p.Consequences = m.consequences(p)
	p.Diagnostics.Add(m.findings(p)...)
	p.Diagnostics.Sort()
	p.Errored = p.Diagnostics.HasErrors()
	p.Summary = summarize(p.Changes)
	p.Summary.Unchanged, p.Unchanged = m.unchanged, m.still
	p.Applyable = !p.Errored && len(p.Changes) > 0
	p.Digest = p.digest()
	return p, nil
}

// Applied resolves what was applied into a graph: for drift, and for destroying
// without a configuration.
func Applied(s *state.Snapshot) (*schema.Graph, error) {
	resources := make([]*schema.Resource, 0, len(s.Records))
	for ref, rec := range s.Records {
		r, err := schema.Parse(rec.Resource)
		if err != nil {
			return nil, fmt.Errorf("%w: %v cannot be read: %w", state.ErrCorrupt, ref, err)
		}
		resources = append(resources, r)
	}
	config, _ := schema.NewConfig(resources)
	return schema.Resolve(config), nil
}

func projectName(g *schema.Graph) string {
	if g == nil {
		return ""
	}
	if r := g.Project(); r != nil {
		return r.Name
	}
	return ""
}

// maker holds what is known while a plan is made.
type maker struct {
	Input
	team      *schema.Graph                          // the configuration, also where everything is destroyed
	before    *schema.Graph                          // what was applied
	same      map[schema.Ref]bool                    // applied resources that say what is declared
	renamed   map[schema.Ref]*schema.Resource        // old address → the declared resource
	accounts  map[string]string                      // old name of an account → new name
	former    map[string]string                      // and back
	storages  map[string]string                      // see Storages
	known     map[string]*Live                       // accounts as the plan sees them, see live
	asApplied map[string]map[schema.Kind][]crm.Asset // see appliedAssets
	objects   map[claim][]schema.Ref                 // objects, by id → whose they are, see holders
	gone      []schema.Ref                           // applied, and not declared any more
	released  []release                              // objects that their resources give up
	handed    map[claim]schema.Ref                   // those of them, by id, that another resource takes over or removes
	taken     map[claim]schema.Ref                   // what this plan creates or renames in accounts, by key
	repeated  map[claim]bool                         // implied assets, by key, whose drift is noted
	conflicts []conflict
	out       map[schema.Ref]bool // changes that the options leave out
	changes   []Change
	drift     []Drift
	unchanged int
	still     []Change // the unchanged ones, with Options.All
}

// claim is one object in one account, by its id or by its natural key.
type claim struct {
	account string
	kind    schema.Kind
	name    string
}

// release is an object in an account in which its resource is placed no more.
type release struct {
	change      int // of the resource, in maker.changes
	was         *schema.Resource
	account, id string
}

// conflict is a finding that stands in the way of a change.
type conflict struct {
	of      schema.Ref
	finding diag.Diagnostic
}

// applied builds the graph of what was applied. Where a record says what is
// declared, the declared resource stands in for it, so that nothing is parsed
// that has not changed.
func (m *maker) applied() error {
	m.same = make(map[schema.Ref]bool, len(m.Applied.Records))
	resources := make([]*schema.Resource, 0, len(m.Applied.Records))
	for ref, rec := range m.Applied.Records {
		r := m.Declared.Get(ref)
		if r != nil && r.Digest() == rec.Digest {
			m.same[ref] = true
		} else {
			var err error
			if r, err = schema.Parse(rec.Resource); err != nil {
				return fmt.Errorf("%w: %v cannot be read: %w", state.ErrCorrupt, ref, err)
			}
		}
		resources = append(resources, r)
	}
	m.accounts, m.former = map[string]string{}, map[string]string{}
	m.renamed = renames(m.Declared, m.Applied)
	for old, r := range m.renamed {
		if old.Kind == schema.KindAccount {
			m.accounts[old.Name], m.former[r.Name] = r.Name, old.Name
		}
	}
	m.storages = Storages(m.Declared, m.Applied)
	allSame, managed := true, 0
	for _, r := range m.Declared.All() {
		if r.Kind.Managed() {
			managed++
			allSame = allSame && m.same[r.Ref()]
		}
	}
	if allSame && managed == len(resources) {
		m.before = m.Declared
		return nil
	}
	config, _ := schema.NewConfig(resources)
	m.before = schema.Resolve(config)
	return nil
}

// renames are the applied resources that are declared under a new name.
func renames(declared *schema.Graph, applied *state.Snapshot) map[schema.Ref]*schema.Resource {
	out := map[schema.Ref]*schema.Resource{}
	for _, r := range declared.All() {
		if r.RenamedFrom == "" || !r.Kind.Managed() {
			continue
		}
		if _, already := applied.Records[r.Ref()]; already {
			continue
		}
		old := schema.Ref{Kind: r.Kind, Name: r.RenamedFrom}
		if _, ok := applied.Records[old]; ok && declared.Get(old) == nil {
			out[old] = r
		}
	}
	return out
}

// compare goes through what is declared, then through what was applied and is
// not declared any more.
func (m *maker) compare() {
	m.handed, m.taken, m.repeated = map[claim]schema.Ref{}, map[claim]schema.Ref{}, map[claim]bool{}
	for ref := range m.Applied.Records {
		if m.Declared.Get(ref) == nil && m.renamed[ref] == nil {
			m.gone = append(m.gone, ref)
		}
	}
	slices.SortFunc(m.gone, schema.Ref.Compare)
	previous := map[schema.Ref]schema.Ref{}
	for old, r := range m.renamed {
		previous[r.Ref()] = old
	}
	for _, r := range m.Declared.All() {
		if !r.Kind.Managed() {
			continue
		}
		ref := r.Ref()
		old := ref
		if p, ok := previous[ref]; ok {
			old = p
		}
		rec, ok := m.Applied.Records[old]
		if m.untouched(r, rec) {
			m.stays(r)
			continue
		}
		c := Change{Ref: ref, Range: rangeOf(r), Accounts: placed(m.Declared, r)}
		if old != ref {
			c.Previous = old
		}
		var was *schema.Resource
		if ok {
			was = m.before.Get(old)
			c.Before, c.IDs, c.Implied = rec.Resource, m.ids(rec.IDs), m.implied(rec.Implied)
		}
		m.resource(&c, was, r, rec, ok)
		if c.Action == NoOp {
			m.stays(r)
			continue
		}
		m.changes = append(m.changes, c)
	}
	// What is given up is deleted where nobody has taken it over.
	for _, r := range m.released {
		c := &m.changes[r.change]
		if e, ok := m.removal(r.was, m.appliedName(r.account), r.id); ok {
			c.Effects = append(c.Effects, e)
		}
	}
	for _, ref := range m.gone {
		m.changes = append(m.changes, m.deletion(ref))
	}
}

// stays counts a resource that stays as it is.
func (m *maker) stays(r *schema.Resource) {
	m.unchanged++
	if m.Options.All {
		m.still = append(m.still, Change{
			Action: NoOp, Ref: r.Ref(), Before: r.Canonical(), After: r.Canonical(), Range: rangeOf(r), Accounts: placed(m.Declared, r),
		})
	}
}

// resource decides what happens to a declared resource, and what is done in
// accounts because of it.
func (m *maker) resource(c *Change, was, r *schema.Resource, rec state.Record, applied bool) {
	same := applied && c.Previous.IsZero() && m.same[c.Ref]
	switch {
	case !applied:
		c.Action, c.Reason = Create, NotApplied
	case !c.Previous.IsZero():
		c.Action, c.Reason = Update, Renamed
	case !same:
		c.Action, c.Reason = Update, ConfigChanged
	case !slices.Equal(m.names(rec.Accounts), c.Accounts) || !slices.Equal(m.names(rec.Accounts), rec.Accounts):
		c.Action, c.Reason = Update, PlacementChange
	default:
		c.Action = NoOp
	}
	if !same {
		c.After = r.Canonical()
		if applied {
			c.Fields = slices.DeleteFunc(explicit(c.Ref.Kind, Diff(c.Before, c.After)), func(f Field) bool { return f.Path == "metadata.name" })
			if c.ReplacePaths = replacing(was, r, m.account); len(c.ReplacePaths) > 0 {
				c.Action, c.Reason = Replace, CannotUpdate
			}
		}
	}
	if c.Reason == PlacementChange {
		c.Fields = placementFields(rec.Accounts, c.Accounts)
	}
	released := len(m.released)
	m.setUp(c, was, r, same)
	if c.Action == NoOp && (len(c.Effects) > 0 || len(m.released) > released) {
		c.Action, c.Reason = Update, DriftFound
	}
	if c.Action != NoOp && c.After == nil {
		c.After = r.Canonical()
	}
}

func placementFields(before, after []string) []Field {
	var out []Field
	at := schema.Path("accounts")
	for _, a := range before {
		if !slices.Contains(after, a) {
			out = append(out, Field{at.Key(a), RemoveField, a, nil})
		}
	}
	for _, a := range after {
		if !slices.Contains(before, a) {
			out = append(out, Field{at.Key(a), AddField, nil, a})
		}
	}
	return out
}

// deletion is the change for a resource that is not declared any more.
func (m *maker) deletion(ref schema.Ref) Change {
	rec := m.Applied.Records[ref]
	c := Change{Action: Delete, Ref: ref, Before: rec.Resource, Reason: NotDeclared}
	if m.Options.Destroy {
		c.Reason = Destroying
	}
	if ref.Kind == schema.KindAccount {
		return c // the account itself stays where it is; accord no longer looks after it
	}
	for _, account := range sortedKeys(rec.IDs) {
		if to, ok := m.handed[claim{m.account(account), ref.Kind, rec.IDs[account]}]; ok {
			c.Needs = append(c.Needs, to)
		}
		if e, ok := m.removal(m.before.Get(ref), account, rec.IDs[account]); ok {
			c.Effects = append(c.Effects, e)
		}
	}
	return c
}

// removal deletes the object that a resource had in an account, by its name when
// it was applied, unless the object is not there any more or is not the
// resource's alone.
func (m *maker) removal(was *schema.Resource, account, id string) (Effect, bool) {
	now := m.account(account)
	mine := claim{now, was.Kind, id}
	if _, ok := m.handed[mine]; ok || len(m.holders(mine)) > 1 {
		return Effect{}, false
	}
	if found := m.live(now).byID(was.Kind, id); found == nil || found.Standard {
		return Effect{}, false
	}
	a := assetIn(was, account)
	a.ID = id
	return deleteEffect(now, &a, was.Name), true
}

// account is the declared name of an account that was applied under a name.
func (m *maker) account(applied string) string {
	if now, ok := m.accounts[applied]; ok {
		return now
	}
	return applied
}

// appliedName is the name under which a declared account was applied.
func (m *maker) appliedName(account string) string {
	if old, ok := m.former[account]; ok {
		return old
	}
	return account
}

func (m *maker) names(accounts []string) []string {
	if len(m.accounts) == 0 {
		return accounts
	}
	out := make([]string, 0, len(accounts))
	for _, a := range accounts {
		out = append(out, m.account(a))
	}
	slices.Sort(out)
	return out
}

func (m *maker) ids(in map[string]string) map[string]string {
	if len(in) == 0 {
		return nil
	}
	out := make(map[string]string, len(in))
	for a, id := range in {
		out[m.account(a)] = id
	}
	return out
}

func (m *maker) implied(in map[string]map[string]string) map[string]map[string]string {
	if len(in) == 0 {
		return nil
	}
	out := make(map[string]map[string]string, len(in))
	for a, ids := range in {
		c := make(map[string]string, len(ids))
		for k, id := range ids {
			c[k] = id
		}
		out[m.account(a)] = c
	}
	return out
}

func rangeOf(r *schema.Resource) Range {
	o := r.Origin
	if o.File == "" {
		return Range{}
	}
	return Range{o.File, Point{o.Line, 1}, Point{o.EndLine, 1}}
}

func summarize(changes []Change) Summary {
	var s Summary
	for _, c := range changes {
		switch c.Action {
		case Create:
			if c.Imports() {
				s.Import++
			} else {
				s.Add++
			}
		case Update:
			s.Change++
		case Delete:
			s.Remove++
		case Replace:
			s.Add++
			s.Remove++
		case Forget:
			s.Forget++
		}
	}
	return s
}

// Imports reports whether the change only takes objects under management that
// exist in accounts already.
func (c *Change) Imports() bool {
	adopts := false
	for _, e := range c.Effects {
		if e.Action != AdoptAsset {
			return false
		}
		adopts = true
	}
	return adopts && c.Action == Create
}

// sameFacts reports whether two sets of facts say the same.
func sameFacts(a, b schema.Facts) bool { return reflect.DeepEqual(a.Canonical(), b.Canonical()) }
