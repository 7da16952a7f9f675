package check

import (
	"context"
	"encoding/json"
	"fmt"

	"accord/diag"
	"accord/schema"
	"accord/schema/expr"
)

// policy is a team's own rule, compiled.
type policy struct {
	*schema.Policy
	r       *schema.Resource
	program *expr.Program
}

// rule is the policy as a rule: what it finds bears its address.
func (o policy) rule() *Rule {
	r := &Rule{Name: o.r.Ref().String()}
	// The schema has checked the word; what is none stays an error.
	_ = r.Severity.UnmarshalText([]byte(o.Severity))
	return r
}

// compilePolicy compiles the condition of a policy.
func compilePolicy(r *schema.Resource) condition {
	s := r.Spec.(*schema.Policy)
	c := condition{Condition: schema.Condition{Path: spec.Key("where"), Text: s.Where}, r: r}
	if env := expr.PolicyEnv(s.On); env != nil {
		c.program, c.problems = env.Compile(s.Where, expr.Condition)
	}
	return c
}

// policies are those on something that can be evaluated, sorted by name.
func policies(g *schema.Graph, on string) []policy {
	var out []policy
	for _, r := range g.Of(schema.KindPolicy) {
		if s := r.Spec.(*schema.Policy); s.On == on {
			if c := compilePolicy(r); c.program != nil {
				out = append(out, policy{s, r, c.program})
			}
		}
	}
	return out
}

// meets reports whether the record meets the condition of the policy: whether
// it is refused or pointed out.
func (o policy) meets(record expr.Record) (bool, error) {
	out, err := o.program.Eval(context.Background(), expr.Activation{Records: map[string]expr.Record{o.On: record}})
	return out.True, err
}

// nameField is the place that stands for a resource as a whole.
const nameField = schema.Path("metadata.name")

// checkPolicies checks the team's own rules on resources and on flows. Those on
// changes are for the plan; see ChangePolicies.
func checkPolicies(p *pass) {
	onResources(p)
	onFlows(p)
}

func onResources(p *pass) {
	own := policies(p.Graph, schema.OnResource)
	if len(own) == 0 {
		return
	}
	kind := schema.Kind("")
	var admitted []policy
	for _, r := range p.All() {
		// Resources come by kind, and most policies are about one.
		if r.Kind != kind {
			kind, admitted = r.Kind, admitted[:0]
			fact := expr.Fact{Property: expr.Property{Object: schema.OnResource, Name: "kind"}, Value: string(kind)}
			for _, o := range own {
				if o.program.Admits(fact) {
					admitted = append(admitted, o)
				}
			}
		}
		record := &resourceRecord{r: r}
		for _, o := range admitted {
			refused, err := o.meets(record)
			if err != nil {
				p.unable(o, err)
			} else if refused {
				p.rule = o.rule()
				p.report(r, nameField, "%s", o.Message).help("%s", o.help())
			}
		}
	}
}

func (o policy) help() string { return "It is what " + where(o.r) + " refuses." }

// unable reports a policy that failed while it ran.
func (p *pass) unable(o policy, err error) {
	p.rule = &Rule{Name: expr.RuleInvalid}
	p.report(o.r, spec.Key("where"), "the condition cannot be evaluated: %v", err).help("Write it another way.")
}

func onFlows(p *pass) {
	own := policies(p.Graph, schema.OnFlow)
	if len(own) == 0 {
		return
	}
	for _, f := range Flows(p.Graph) {
		record := expr.Values{
			"from": f.From, "to": f.To, "through": f.Through.String(), "kind": string(f.Through.Kind), "feature": f.Feature,
			"data": f.Data, "basis": f.Basis,
		}
		for _, o := range own {
			refused, err := o.meets(record)
			if err != nil {
				p.unable(o, err)
			} else if refused {
				p.rule = o.rule()
				p.report(o.r, nameField, "%s", o.Message).
					help("%s lets %s go from %s to %s (legal basis: %s).", where(p.Get(f.Through)), dataOf(f), f.From, f.To, f.Basis).
					Address = f.Through.String()
			}
		}
	}
}

func dataOf(f Flow) string {
	if len(f.Data) == 0 {
		return "assets"
	}
	return sentence(f.Data)
}

// resourceRecord is a resource as a policy sees it. What its document says is
// written out only for the policies that ask.
type resourceRecord struct {
	r    *schema.Resource
	spec map[string]any
}

// Value implements expr.Record.
func (v *resourceRecord) Value(property string) (any, bool) {
	switch property {
	case "kind":
		return string(v.r.Kind), true
	case "name":
		return v.r.Name, true
	case "labels":
		return v.r.Labels, true
	case "description":
		return v.r.Description, true
	case "file":
		return v.r.Origin.File, true
	case "spec":
		if v.spec == nil {
			v.spec = Document(v.r)
		}
		return v.spec, true
	}
	return nil, false
}

// Document is what a resource says below spec, as a policy reads it: maps, lists,
// texts, numbers and booleans. What its document does not say is not there.
func Document(r *schema.Resource) map[string]any {
	out := map[string]any{}
	text, err := json.Marshal(r.Spec)
	if err == nil {
		err = json.Unmarshal(text, &out)
	}
	if err != nil {
		// Specs are trees of texts, numbers, booleans, lists and maps: they
		// have no value that JSON cannot say.
		panic(fmt.Sprintf("check: %v cannot be written as JSON: %v", r.Ref(), err))
	}
	return out
}

// Change is one change of a plan, as policies see it.
type Change struct {
	Kind, Name, Address string
	Action              string         // create, update, delete, replace or no-op
	Before, After       map[string]any // see Document; nil: it is not there
	Fields              []string       // the paths that differ
	Reason              string
}

// PolicySet are the policies on changes, compiled. It is safe for concurrent
// use.
type PolicySet struct {
	g   *schema.Graph
	own []policy
}

// ChangePolicies compiles the policies of a configuration that are about
// changes. One that does not compile is a finding of All and not in the set.
func ChangePolicies(g *schema.Graph) *PolicySet { return &PolicySet{g, policies(g, schema.OnChange)} }

// Empty reports whether there is no policy on changes, so that nothing has to be
// evaluated.
func (s *PolicySet) Empty() bool { return len(s.own) == 0 }

// Eval returns what the policies say of a change: a finding of each that its
// condition meets, with the policy's address as the rule, its severity and its
// message. The position is that of the changed resource, or where that is not
// declared any more the policy's. A nil Locator leaves findings without
// positions.
func (s *PolicySet) Eval(c Change, at Locator) diag.List {
	record := expr.Values{
		"kind": c.Kind, "name": c.Name, "address": c.Address, "action": c.Action, "fields": c.Fields, "reason": c.Reason,
	}
	// A nil map in an interface is not nil.
	if c.Before != nil {
		record["before"] = c.Before
	}
	if c.After != nil {
		record["after"] = c.After
	}
	p := &pass{Graph: s.g, at: at}
	for _, o := range s.own {
		refused, err := o.meets(record)
		if err != nil {
			p.unable(o, err)
			continue
		}
		if !refused {
			continue
		}
		p.rule = o.rule()
		r := s.g.Get(schema.Ref{Kind: schema.Kind(c.Kind), Name: c.Name})
		if r == nil {
			r = o.r
		}
		p.report(r, nameField, "%s", o.Message).help("%s", o.help()).Address = c.Address
	}
	return p.list()
}
