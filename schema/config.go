package schema

import (
	"cmp"
	"slices"
	"sync"
)

// Config is a configuration: every resource of a project, by address. It does
// not change once it is made.
type Config struct {
	project *Resource
	all     []*Resource // sorted by address
	byRef   map[Ref]*Resource
}

// NewConfig makes a configuration. The order of resources does not matter.
// Where two have the same address the one whose origin comes first (by file,
// then document) is kept, and the others are returned as duplicates: each is an
// error of the caller's to report.
func NewConfig(resources []*Resource) (c *Config, duplicates []*Resource) {
	all := slices.Clone(resources)
	slices.SortFunc(all, func(a, b *Resource) int {
		if a.Kind != b.Kind {
			return cmp.Compare(a.Kind.Rank(), b.Kind.Rank())
		}
		if c := cmp.Compare(a.Name, b.Name); c != 0 {
			return c
		}
		return cmp.Or(cmp.Compare(a.Origin.File, b.Origin.File), cmp.Compare(a.Origin.Document, b.Origin.Document))
	})
	c = &Config{byRef: make(map[Ref]*Resource, len(all))}
	for _, r := range all {
		if _, ok := c.byRef[r.Ref()]; ok {
			duplicates = append(duplicates, r)
			continue
		}
		c.byRef[r.Ref()] = r
		c.all = append(c.all, r)
		if r.Kind == KindProject && c.project == nil {
			c.project = r
		}
	}
	return c, duplicates
}

// All returns every resource, sorted by the order of Kinds, then by name. The
// slice belongs to the configuration.
func (c *Config) All() []*Resource { return c.all }

// Of returns the resources of one kind, sorted by name. The slice belongs to
// the configuration.
func (c *Config) Of(kind Kind) []*Resource {
	rank := kind.Rank()
	from, _ := slices.BinarySearchFunc(c.all, rank, func(r *Resource, rank int) int { return cmp.Compare(r.Kind.Rank(), rank) })
	to, _ := slices.BinarySearchFunc(c.all, rank+1, func(r *Resource, rank int) int { return cmp.Compare(r.Kind.Rank(), rank) })
	return c.all[from:to]
}

// Get returns the resource at the address, or nil.
func (c *Config) Get(ref Ref) *Resource { return c.byRef[ref] }

// Names returns the names of the resources of one kind, sorted: the candidates
// of a suggestion.
func (c *Config) Names(kind Kind) []string {
	of := c.Of(kind)
	out := make([]string, len(of))
	for i, r := range of {
		out[i] = r.Name
	}
	return out
}

// Project returns the project's resource, or nil where the folder has none and
// the defaults hold.
func (c *Config) Project() *Resource { return c.project }

// ProjectSpec returns what the project says, the defaults where it says nothing.
func (c *Config) ProjectSpec() Project {
	if c.project == nil {
		return Project{}
	}
	return *c.project.Spec.(*Project)
}

func lookup[S Spec](c *Config, kind Kind, name string) (s S) {
	if r := c.byRef[Ref{kind, name}]; r != nil {
		s = r.Spec.(S)
	}
	return s
}

// Account returns the account of that name, or nil.
func (c *Config) Account(name string) *Account { return lookup[*Account](c, KindAccount, name) }

// User returns the user of that name, or nil.
func (c *Config) User(name string) *User { return lookup[*User](c, KindUser, name) }

// Pipeline returns the pipeline of that name, or nil.
func (c *Config) Pipeline(name string) *Pipeline { return lookup[*Pipeline](c, KindPipeline, name) }

// Form returns the form of that name, or nil.
func (c *Config) Form(name string) *Form { return lookup[*Form](c, KindForm, name) }

// List returns the list of that name, or nil.
func (c *Config) List(name string) *List { return lookup[*List](c, KindList, name) }

// Selects reports whether all the labels of the selector are among labels.
func Selects(selector, labels map[string]string) bool {
	for k, v := range selector {
		if got, ok := labels[k]; !ok || got != v {
			return false
		}
	}
	return len(selector) > 0
}

// Graph is a configuration with its references resolved: what refers to what,
// what belongs where. It is computed once and shared by the rules, plan and
// apply. Every name it returns is sorted.
type Graph struct {
	*Config
	// Unknown are the references to nothing.
	Unknown []Reference

	organizations map[string][]*Resource // account → the organizations that name it
	connections   map[string][]*Resource // account → the connections at it
	users         map[string][]*Resource // account → the users with access to it
	placed        map[Ref][]string       // resource in accounts → its accounts
	inAccount     map[string][]*Resource // account → the resources placed in it
	labeled       map[[2]string][]string // label, value → accounts
	spoken        func() *spoken         // computed at the first question
}

// Resolve resolves the references of a configuration.
func Resolve(c *Config) *Graph {
	g := &Graph{
		Config: c, organizations: map[string][]*Resource{}, connections: map[string][]*Resource{},
		users: map[string][]*Resource{}, placed: map[Ref][]string{}, inAccount: map[string][]*Resource{},
		labeled: map[[2]string][]string{},
	}
	g.spoken = sync.OnceValue(g.whatIsSpokenOf)
	for _, a := range c.Of(KindAccount) {
		for k, v := range a.Labels {
			g.labeled[[2]string{k, v}] = append(g.labeled[[2]string{k, v}], a.Name)
		}
	}
	for _, r := range c.all {
		r.Spec.References(func(p Path, to Ref) {
			if c.byRef[to] == nil {
				g.Unknown = append(g.Unknown, Reference{r, p, to})
			}
		})
		switch s := r.Spec.(type) {
		case *Organization:
			for _, a := range distinct(append([]string{s.Primary}, s.Accounts...)) {
				g.organizations[a] = append(g.organizations[a], r)
			}
		case *Connection:
			for _, a := range distinct(s.Between) {
				g.connections[a] = append(g.connections[a], r)
			}
		case *User:
			for _, a := range s.Access {
				if us := g.users[a.Account]; len(us) == 0 || us[len(us)-1] != r {
					g.users[a.Account] = append(us, r)
				}
			}
		case Placed:
			accounts := g.place(s.Place())
			g.placed[r.Ref()] = accounts
			for _, a := range accounts {
				g.inAccount[a] = append(g.inAccount[a], r)
			}
		}
	}
	return g
}

func (g *Graph) place(p *Placement) []string {
	out := slices.Clone(p.Accounts)
	if len(p.AccountLabels) > 0 {
		// The rarest label first would be faster still; an object that is
		// selected by label names one or two.
		for k, v := range p.AccountLabels {
			for _, a := range g.labeled[[2]string{k, v}] {
				if Selects(p.AccountLabels, g.byRef[Ref{KindAccount, a}].Labels) {
					out = append(out, a)
				}
			}
			break
		}
	}
	return distinct(out)
}

func distinct(s []string) []string {
	s = slices.DeleteFunc(slices.Clone(s), func(v string) bool { return v == "" })
	slices.Sort(s)
	return slices.Compact(s)
}

// OrganizationOf returns the organization that the account belongs to, or nil.
// Where several name it, which a rule refuses, it is the first by name.
func (g *Graph) OrganizationOf(account string) *Resource {
	if o := g.organizations[account]; len(o) > 0 {
		return o[0]
	}
	return nil
}

// OrganizationsOf returns every organization that names the account.
func (g *Graph) OrganizationsOf(account string) []*Resource { return g.organizations[account] }

// ConnectionsOf returns the connections at the account.
func (g *Graph) ConnectionsOf(account string) []*Resource { return g.connections[account] }

// Connected returns the connection that joins the two accounts, or nil.
func (g *Graph) Connected(a, b string) *Resource {
	for _, r := range g.connections[a] {
		if r.Spec.(*Connection).Joins(a, b) {
			return r
		}
	}
	return nil
}

// UsersOf returns the users with access to the account.
func (g *Graph) UsersOf(account string) []*Resource { return g.users[account] }

// AccountsOf returns the accounts that a resource is placed in, or nil for the
// kinds that live in no account. Accounts that do not exist are among them.
func (g *Graph) AccountsOf(ref Ref) []string { return g.placed[ref] }

// In returns the resources placed in the account, sorted by address.
func (g *Graph) In(account string) []*Resource { return g.inAccount[account] }

// WorkflowsConnected reports whether a connection of the account has the
// feature workflows, in whatever direction.
func (g *Graph) WorkflowsConnected(account string) bool {
	return slices.ContainsFunc(g.connections[account], func(r *Resource) bool {
		return r.Spec.(*Connection).Features.Workflows != nil
	})
}

// Goes reports whether a connection has the feature on from one account to the
// other, and returns the connection between the two, or nil.
func (g *Graph) Goes(feature, from, to string) (*Resource, bool) {
	r := g.Connected(from, to)
	return r, r != nil && r.Spec.(*Connection).Goes(feature, from, to)
}

// Targets returns the account that the step acts in where that is another one;
// steps in branches are not looked at.
func (s *Step) Targets() []string {
	switch {
	case s.UpsertContact != nil:
		return []string{s.UpsertContact.In}
	case s.CreateDeal != nil:
		return []string{s.CreateDeal.In}
	}
	return nil
}
