package check

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"accord/schema"
)

// Consequence is what the product does by itself because the facts of an account
// are not what they were: an account leaves its organization, a connection loses
// its source. Nobody is asked; plan shows it, apply brings the state in line,
// and the engine obeys at once.
type Consequence struct {
	Rule    string           // the rule that the facts break
	Account string           // whose facts; the first by name where several, the primary where no account holds an organization
	Ref     schema.Ref       // what changes
	Message string           // what happens, in a sentence
	After   *schema.Resource // what is left of it; nil: it is deleted
}

// Consequences computes what the product does because of facts that differ from
// those of the applied configuration, and that take something away. Live returns
// the facts of an account, nil where they are not known: they count as applied.
//
// An organization is deleted where no account has Marketing Hub Enterprise any
// more, and its connections with it. An account that the facts keep out is
// removed, and its connections are deleted. An account with sensitive data is no
// source any more: two-way becomes one-way the other way, and one-way from it is
// switched off; a connection that has lost its last feature stays, and does
// nothing. Workflows and copies are left as they are; the message names those
// that reach their target no more.
//
// The result is sorted by what changes. An organization that loses several
// accounts has a consequence for each, and After is what is left in the end in
// all of them.
func Consequences(applied *schema.Graph, live func(account string) *schema.Facts) []Consequence {
	d := drift{Graph: applied, live: map[string]*schema.Facts{}, out: map[string]departure{}}
	for _, r := range applied.Of(schema.KindAccount) {
		now := live(r.Name)
		if was := &r.Spec.(*schema.Account).Facts; now != nil && takes(was, now) {
			d.live[r.Name] = now
		}
	}
	if len(d.live) == 0 {
		return nil
	}
	for _, o := range applied.Of(schema.KindOrganization) {
		d.organization(o)
	}
	for _, c := range applied.Of(schema.KindConnection) {
		d.connection(c)
	}
	slices.SortFunc(d.found, func(a, b Consequence) int {
		return cmp.Or(a.Ref.Compare(b.Ref), cmp.Compare(a.Account, b.Account))
	})
	return d.found
}

// drift is what Consequences works on.
type drift struct {
	*schema.Graph
	live     map[string]*schema.Facts // of the accounts whose facts differ
	out      map[string]departure     // the accounts that are members no more
	reaching map[string][]reach       // account → what reaches others from it
	found    []Consequence
}

// departure is why an account is no member of an organization any more.
type departure struct {
	rule    string
	account string // whose facts
	message string
}

// takes reports whether the facts differ in what consequences depend on. Most
// accounts do not, and are not looked at any further.
func takes(was, now *schema.Facts) bool {
	return was.Platform != now.Platform || was.AccountType() != now.AccountType() || was.Active() != now.Active() ||
		was.Hosting != now.Hosting || was.SensitiveData != now.SensitiveData || !maps.Equal(was.Subscriptions, now.Subscriptions)
}

func (d *drift) applied(account string) *schema.Facts {
	if a := d.Account(account); a != nil {
		return &a.Facts
	}
	return nil
}

func (d *drift) now(account string) *schema.Facts {
	if f := d.live[account]; f != nil {
		return f
	}
	return d.applied(account)
}

// organization finds what an organization loses, and which accounts are members
// no more.
func (d *drift) organization(r *schema.Resource) {
	o := r.Spec.(*schema.Organization)
	if !d.differs(o) {
		return
	}
	hosting := ""
	if f := d.applied(o.Primary); f != nil {
		hosting = f.Hosting
	}
	was := schema.OrganizationInForce(o, hosting, d.applied)
	is := schema.OrganizationInForce(o, hosting, d.now)
	if is.Deleted {
		if was.Deleted {
			return
		}
		why := fmt.Sprintf("no account of %v has Marketing Hub Enterprise any more", r.Ref())
		gone := departure{"organization-needs-enterprise", o.Primary, why}
		for name := range members(o) {
			d.out[name] = gone
		}
		d.found = append(d.found, Consequence{gone.rule, gone.account, r.Ref(), why + ": the product deletes the organization", nil})
		return
	}
	var removed []string
	for name := range is.Removed {
		if was.Removed[name] == "" {
			removed = append(removed, name)
		}
	}
	if len(removed) == 0 {
		return
	}
	slices.Sort(removed)
	left := *o
	left.Accounts = slices.DeleteFunc(slices.Clone(o.Accounts), func(a string) bool { return is.Removed[a] != "" })
	left.Primary = is.Primary
	after := *r
	after.Spec = &left
	for _, name := range removed {
		rule := is.Removed[name]
		why := d.why(rule, name, hosting)
		d.out[name] = departure{rule, name, why}
		message := fmt.Sprintf("%s: the product removes it from %v", why, r.Ref())
		if name == o.Primary {
			message += fmt.Sprintf(", of which %s becomes the primary", is.Primary)
		}
		d.found = append(d.found, Consequence{rule, name, r.Ref(), message, &after})
	}
}

func (d *drift) differs(o *schema.Organization) bool {
	for name := range members(o) {
		if d.live[name] != nil {
			return true
		}
	}
	return false
}

func (d *drift) why(rule, account, hosting string) string {
	f := d.now(account)
	switch rule {
	case "account-tier-too-low":
		return account + " has no product at Professional or Enterprise any more"
	case "account-deactivated":
		return account + " is deactivated"
	case "hosting-location-differs":
		return fmt.Sprintf("%s is hosted in %s now, its organization in %s", account, f.Hosting, hosting)
	}
	if f.Platform != schema.HubSpot {
		return fmt.Sprintf("%s is an account of %s now", account, f.Platform)
	}
	return fmt.Sprintf("%s is a %s account now", account, f.AccountType())
}

// connection finds what a connection loses, because an account of it is out of
// the organization or no source any more.
func (d *drift) connection(r *schema.Resource) {
	c := r.Spec.(*schema.Connection)
	for _, end := range slices.Sorted(slices.Values(c.Between)) {
		if gone, ok := d.out[end]; ok {
			message := fmt.Sprintf("%s: the product deletes %v", gone.message, r.Ref())
			d.found = append(d.found, Consequence{gone.rule, gone.account, r.Ref(), message + d.unreached(c, &schema.Connection{}), nil})
			return
		}
	}
	sensitive := slices.DeleteFunc(slices.Sorted(slices.Values(c.Between)), func(a string) bool {
		return d.live[a] == nil || !d.live[a].SensitiveData || d.applied(a).SensitiveData
	})
	if len(sensitive) == 0 {
		return
	}
	left := schema.ConnectionInForce(c, func(a string) bool { f := d.now(a); return f != nil && f.SensitiveData })
	was := schema.ConnectionInForce(c, func(a string) bool { f := d.applied(a); return f != nil && f.SensitiveData })
	var changes []string
	for _, feature := range schema.FeatureNames {
		before, now := was.Feature(feature), left.Feature(feature)
		switch {
		case before == nil || now != nil && (*before == *now || now.Direction != schema.OneWay):
		case now == nil:
			changes = append(changes, feature+" is switched off")
		default:
			changes = append(changes, fmt.Sprintf("%s goes one way, from %s", feature, now.From))
		}
	}
	if len(changes) == 0 {
		return
	}
	after := *r
	after.Spec = left
	d.found = append(d.found, Consequence{
		"sensitive-source", sensitive[0], r.Ref(), fmt.Sprintf("%s %s sensitive data now and %s no source any more: in %v %s%s",
			sentence(sensitive), verb(sensitive, "stores", "store"), verb(sensitive, "is", "are"), r.Ref(), strings.Join(changes, ", "),
			d.unreached(c, left)), &after,
	})
}

// reach is a resource that acts from one account on another through a feature.
type reach struct {
	ref     schema.Ref
	feature string
	to      string
}

// unreached says which workflows and copies reach their target no more.
func (d *drift) unreached(was, left *schema.Connection) string {
	if d.reaching == nil {
		d.reaching = map[string][]reach{}
		for _, r := range d.Of(schema.KindWorkflow) {
			w := r.Spec.(*schema.Workflow)
			for _, s := range w.AllSteps() {
				for _, to := range s.Targets() {
					d.reaching[w.Account] = append(d.reaching[w.Account], reach{r.Ref(), schema.FeatureWorkflows, to})
				}
			}
		}
		for _, r := range d.Of(schema.KindAssetCopy) {
			c := r.Spec.(*schema.AssetCopy)
			for _, to := range c.To {
				d.reaching[c.From] = append(d.reaching[c.From], reach{r.Ref(), schema.FeatureAssetCopying, to})
			}
		}
	}
	var b strings.Builder
	for _, from := range slices.Sorted(slices.Values(was.Between)) {
		to := was.Other(from)
		var lost []string
		for _, x := range d.reaching[from] {
			if x.to == to && was.Goes(x.feature, from, to) && !left.Goes(x.feature, from, to) && !slices.Contains(lost, x.ref.String()) {
				lost = append(lost, x.ref.String())
			}
		}
		if len(lost) > 0 {
			fmt.Fprintf(&b, "; %s %s %s no more", sentence(lost), verb(lost, "reaches", "reach"), to)
		}
	}
	return b.String()
}
